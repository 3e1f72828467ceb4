// Owns what every Describe* shares: ids, filters with wildcards, tag filters, stable order, and pages of it (EC2 API reference,
// "Filtering"). Each resource gives its filter table as data.

import { globMatcher } from "../lib/glob.ts";
import type { Kind, Tables } from "../model/snapshot.ts";
import { Ec2Error } from "../wire/error.ts";
import type { Context } from "../wire/operation.ts";
import { paginate, type Page, type PageLimits } from "./page.ts";
import { checkId, notFound, recordsIn, type NamedById } from "./resource.ts";

export interface Filter { Name?: string | undefined; Values?: string[] | undefined }
/** What a record has under a filter's name: all values that may match. Booleans as "true"/"false". */
export type FilterTable<R> = Readonly<Record<string, (record: R) => string | readonly string[] | undefined>>;

/** EC2's wildcards: * any run, ? one character, \ escapes. Case matters. */
export const matches = (pattern: string, value: string): boolean => matcher(pattern)(value);

const matcher = (pattern: string): ((value: string) => boolean) => globMatcher(pattern, { escapes: true });

/** Records that pass every filter; a filter passes when any of its values matches. Unknown names are refused. */
export function applyFilters<R extends { readonly tags?: Readonly<Record<string, string>> }>(records: readonly R[], filters: readonly Filter[] | undefined, table: FilterTable<R>): readonly R[] {
  let left = records;
  for (const filter of filters ?? []) {
    const name = filter.Name ?? "";
    const wanted = filter.Values ?? [];
    if (name === "") throw new Ec2Error("MissingParameter", "The request must contain the parameter Filter.Name");
    if (wanted.length === 0) throw new Ec2Error("InvalidParameterValue", `The filter '${name}' must have at least one value`);
    if (wanted.length > 200) throw new Ec2Error("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200");
    const read = readerOf(name, table);
    if (!read) throw new Ec2Error("InvalidParameterValue", `The filter '${name}' is invalid`);
    const tests = wanted.map(matcher);
    left = left.filter((record) => {
      const has = read(record);
      const values = has === undefined ? [] : typeof has === "string" ? [has] : has;
      return values.some((v) => tests.some((test) => test(v)));
    });
  }
  return left;
}

function readerOf<R extends { readonly tags?: Readonly<Record<string, string>> }>(name: string, table: FilterTable<R>): ((r: R) => string | readonly string[] | undefined) | undefined {
  if (name.startsWith("tag:")) return (r) => r.tags?.[name.slice(4)];
  if (name === "tag-key") return (r) => Object.keys(r.tags ?? {});
  if (name === "tag-value") return (r) => Object.values(r.tags ?? {});
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** How AWS calls an operation's ids, and MaxResults, where it refuses both together; others: "ids" and "maxResults". */
const clashes: Partial<Record<Kind, readonly [ids: string, maxResults: string]>> = {
  "instance": ["instancesSet", "maxResults"], "volume": ["volumeSet", "maxResults"], "image": ["imageIdsSet", "maxResults"], "snapshot": ["snapshotSet", "maxResults"], "network-interface": ["networkInterfaceIdSet", "maxResults"],
  "vpc": ["VpcIds", "MaxResults"],
};

export interface DescribeRequest<K extends Kind> {
  readonly kind: K;
  readonly ids?: readonly string[] | undefined;
  readonly filters?: readonly Filter[] | undefined;
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly table: FilterTable<Tables[K]>;
  /** Ids and MaxResults may come together; some of AWS's operations refuse that. */
  readonly pagesIds?: boolean;
  readonly limits?: PageLimits;
  /** Fewer records than the region's, where a resource hides some. */
  readonly visible?: (record: Tables[K]) => boolean;
}

/** The records a Describe* answers with, in order of creation, one page of them. */
export function describe<K extends NamedById>(ctx: Context, request: DescribeRequest<K>): Page<Tables[K]> {
  const snapshot = ctx.snapshot();
  let records = recordsIn(snapshot, request.kind, ctx.region);
  if (request.visible) records = records.filter(request.visible);
  const ids = request.ids ?? [];
  if (ids.length > 0) {
    if (request.maxResults !== undefined && !request.pagesIds) {
      const [named, most] = clashes[request.kind] ?? ["ids", "maxResults"];
      throw new Ec2Error("InvalidParameterCombination", `The parameter ${named} cannot be used with the parameter ${most}`);
    }
    for (const id of ids) checkId(request.kind, id);
    const wanted = new Set(ids);
    records = records.filter((r) => wanted.has(r.id));
    const found = new Set(records.map((r) => r.id));
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length > 0) throw notFound(request.kind, missing);
  }
  const filtered = applyFilters(records, request.filters, request.table);
  if (request.dryRun) throw new Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
  return paginate(filtered, (r) => r.id, request.maxResults, request.nextToken, request.limits, { of: request.kind, at: (r) => r.index });
}

/** Tags as EC2 shows them, in order of key. undefined when there are none: EC2 leaves the element out. */
export function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.keys(tags).sort().map((Key) => ({ Key, Value: tags[Key]! }));
}

/** The tags of TagSpecifications for one resource type; wrong types and reserved keys are refused. */
export function tagsFor(type: string, specifications: readonly { ResourceType?: string | undefined; Tags?: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined }[] | undefined, others: readonly string[] = []): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const spec of specifications ?? []) {
    if (spec.ResourceType === undefined) throw new Ec2Error("InvalidParameterValue", "Tag specification resource type must have a value");
    if (spec.ResourceType !== type && !others.includes(spec.ResourceType))
      throw new Ec2Error("InvalidParameterValue", `'${spec.ResourceType}' is not a valid taggable resource type for this operation.`);
    if (spec.ResourceType !== type) continue;
    Object.assign(tags, checkTags(spec.Tags));
  }
  return tags;
}

/** EC2's rules for tags: keys 1-127 characters (EC2 counts 127), values to 255, `aws:` reserved, 50 a resource. */
export function checkTags(list: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const { Key: key, Value: value } of list ?? []) {
    if (key === undefined || key === "") throw new Ec2Error("InvalidParameterValue", "Tag keys must not be null or empty");
    if (key.length > 127) throw new Ec2Error("InvalidParameterValue", `Tag key exceeds the maximum length of 127 characters`);
    if ((value ?? "").length > 255) throw new Ec2Error("InvalidParameterValue", `Tag value exceeds the maximum length of 255 characters`);
    if (key.toLowerCase().startsWith("aws:")) throw new Ec2Error("InvalidParameterValue", `Tag keys starting with 'aws:' are reserved for internal use`);
    if (Object.hasOwn(tags, key)) throw new Ec2Error("InvalidParameterValue", `Duplicate tag key '${key}' specified.`);
    tags[key] = value ?? "";
  }
  if (Object.keys(tags).length > 50) throw new Ec2Error("TagLimitExceeded", "More than 50 tags specified");
  return tags;
}
