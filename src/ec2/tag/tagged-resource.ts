// Owns what can have tags: every record of a region, and the rules inside security groups; found by id, and written back.

import { isId } from "../../lib/ids.ts";
import type { SecurityGroupRule, Tags } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import { unknownRules } from "../security-group/rule-ids.ts";
import { isSeenIn, naming, notFound, recordsIn, type NamedById } from "../resource.ts";

type Taggable = NamedById | "key-pair"; // IAM's records have tags by calls of their own
export interface Tagged { readonly id: string; readonly type: Taggable | "security-group-rule"; readonly tags: Tags }

const prefixOf = (kind: Taggable): string => (kind === "key-pair" ? "key" : naming[kind].prefix);
const kinds: readonly Taggable[] = [...(Object.keys(naming) as NamedById[]), "key-pair"];

/** The resource of that id in the region, or its kind's own refusal. */
export function findTagged(snapshot: Snapshot, region: string, id: string): Tagged {
  if (isId("sgr", id)) {
    const rule = rulesOf(snapshot, region).find((r) => r.id === id);
    if (!rule) throw unknownRules([id]);
    return { id, type: "security-group-rule", tags: rule.tags };
  }
  const kind = kinds.find((k) => isId(prefixOf(k), id));
  if (kind === undefined) throw new Ec2Error("InvalidID", `The ID '${id}' is not valid`);
  const record = snapshot.get(kind, id);
  if (record && isSeenIn(region, record)) return { id, type: kind, tags: record.tags };
  throw kind === "key-pair" ? new Ec2Error("InvalidKeyPair.NotFound", `The key pair '${id}' does not exist`) : notFound(kind, [id]);
}

/** Every resource of the region that has a tag. `place` grows along the list; the rules of a group have the same. */
export function allTagged(snapshot: Snapshot, region: string): readonly (Tagged & { readonly place: number })[] {
  const records = kinds.flatMap((type, i) => recordsIn(snapshot, type, region).map(({ id, tags, index }) => ({ id, type, tags, place: i * 2 ** 40 + index })));
  const rules = snapshot.list("security-group", region).flatMap((g) => g.rules.map(({ id, tags }) => ({ id, type: "security-group-rule" as const, tags, place: kinds.length * 2 ** 40 + g.index })));
  return [...records, ...rules].filter((r) => Object.keys(r.tags).length > 0);
}

export function putTags(tx: Transaction, region: string, { id, type }: Tagged, tags: Tags): void {
  if (type !== "security-group-rule") {
    const record = tx.get(type, id)!;
    tx.put(type, { ...record, tags });
    return;
  }
  const group = tx.list("security-group", region).find((g) => g.rules.some((r) => r.id === id))!;
  tx.put("security-group", { ...group, rules: group.rules.map((r) => (r.id === id ? { ...r, tags } : r)) });
}

const rulesOf = (snapshot: Snapshot, region: string): readonly SecurityGroupRule[] => snapshot.list("security-group", region).flatMap((g) => g.rules);
