// Owns EC2's Amazon Resource Names (Service Authorization Reference, "Resource types defined by Amazon EC2"): made and read. A
// resource's type is the name of its table.

import { isId } from "../lib/ids.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { Ec2Error } from "../wire/error.ts";
import { isSeenIn, naming, type NamedById } from "./resource.ts";

/** Whose resources. */
export interface Owner { readonly region: string; readonly accountId: string }
export interface ArnParts extends Owner { readonly type: string; readonly id: string }

export const ec2Arn = (owner: Owner, type: NamedById, id: string): string => `arn:aws:ec2:${owner.region}:${owner.accountId}:${type}/${id}`;

export function parseEc2Arn(text: string): ArnParts | undefined {
  const m = /^arn:aws:ec2:([a-z0-9-]+):(\d{12}):([a-z-]+)\/([a-z]+-[0-9a-f]+)$/.exec(text);
  return m ? { region: m[1]!, accountId: m[2]!, type: m[3]!, id: m[4]! } : undefined;
}

/** The kind that an id of this form belongs to; undefined: none of this box. */
export const kindOfId = (id: string): NamedById | undefined => (Object.keys(naming) as NamedById[]).find((kind) => isId(naming[kind].prefix, id));

export interface Named { readonly kind: NamedById; readonly id: string }

/** The resource that an ARN names, which must be there. @param parameter its name in the refusal */
export function resourceOfArn(snapshot: Snapshot, owner: Owner, arn: string, parameter: string): Named {
  const parts = parseEc2Arn(arn);
  if (!parts) throw new Ec2Error("InvalidParameterValue", `Value (${arn.slice(0, 200)}) for parameter ${parameter} is invalid. Expecting an ARN.`);
  const kind = kindOfId(parts.id);
  const record = kind === parts.type ? snapshot.get(kind, parts.id) : undefined;
  if (!record || parts.accountId !== owner.accountId || !isSeenIn(owner.region, record)) throw new Ec2Error("InvalidParameterValue", `Value (${arn}) for parameter ${parameter} is invalid. The resource does not exist.`);
  return { kind: kind!, id: parts.id };
}
