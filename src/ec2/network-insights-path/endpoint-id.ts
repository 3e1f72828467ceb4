// Owns how CreateNetworkInsightsPath reads its two ends (EC2 API reference, CreateNetworkInsightsPath; Reachability Analyzer guide,
// "Source and destination resources"): ids or ARNs of instances, interfaces, internet gateways and peering connections.

import { isId } from "../../lib/ids.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import { kindOfId, parseEc2Arn, type Owner } from "../arn.ts";
import { isSeenIn, type NamedById } from "../resource.ts";

type EndpointKind = "instance" | "network-interface" | "internet-gateway" | "vpc-peering-connection";
const endpointKinds: readonly NamedById[] = ["instance", "network-interface", "internet-gateway", "vpc-peering-connection"] satisfies readonly EndpointKind[];
/** Of these AWS's analyzer takes too; there are none here, so no id is known. */
const absentPrefixes = ["tgw", "tgw-attach", "vgw", "vpce", "vpce-svc"];

/** The id of an end, which must be there when the path is made. */
export function readEndpoint(snapshot: Snapshot, owner: Owner, side: "Source" | "Destination", text: string): string {
  const parts = text.startsWith("arn:") ? parseEc2Arn(text) : undefined;
  if (text.startsWith("arn:") && !parts) throw invalid(side, text, "Expecting an ID or an ARN.");
  const id = parts?.id ?? text;
  const kind = kindOfId(id);
  if (kind === undefined && !absentPrefixes.some((prefix) => isId(prefix, id))) throw invalid(side, text, "Expecting an ID or an ARN.");
  if (kind !== undefined && !endpointKinds.includes(kind)) throw invalid(side, text, `Resources of type ${kind} are not supported.`);
  const record = kind === undefined ? undefined : snapshot.get(kind, id);
  const known = record !== undefined && isSeenIn(owner.region, record) && snapshot.get("instance", id)?.state !== "terminated";
  const own = !parts || (parts.accountId === owner.accountId && parts.region === owner.region && parts.type === kind);
  if (!known || !own) throw new Ec2Error(`NetworkInsights${side}.NotFound`, `The network insights ${side.toLowerCase()} '${text}' does not exist`);
  return id;
}

export const endpointKindOf = (id: string): EndpointKind => kindOfId(id) as EndpointKind;

const invalid = (side: string, text: string, why: string): Ec2Error => new Ec2Error("InvalidParameterValue", `Value (${text.slice(0, 200)}) for parameter ${side} is invalid. ${why}`);
