// Owns tags in IAM (IAM user guide, "Tags for IAM resources"): 50 a resource, keys of 128 characters that differ by more than case.

import type { Tags } from "../model/records.ts";
import { Ec2Error } from "../wire/error.ts";
import { limitExceeded } from "./fault.ts";

type TagInput = readonly { readonly Key: string | undefined; readonly Value: string | undefined }[] | undefined;
const MAX_TAGS = 50;
const invalid = (message: string): Ec2Error => new Ec2Error("InvalidInput", message);

export function readTags(list: TagInput): Tags {
  const tags: Record<string, string> = {};
  const seen = new Set<string>();
  for (const { Key: key = "", Value: value = "" } of list ?? []) {
    if (key === "" || key.length > 128 || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u.test(key)) throw invalid(`The tag key '${key.slice(0, 128)}' is not valid.`);
    if (value.length > 256 || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(value)) throw invalid(`The tag value of '${key}' is not valid.`);
    if (key.toLowerCase().startsWith("aws:")) throw invalid("Tag keys that begin with aws: are reserved for internal use.");
    if (seen.has(key.toLowerCase())) throw invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    seen.add(key.toLowerCase());
    tags[key] = value;
  }
  return limited(tags);
}

/** A key of the same letters is replaced, whatever its case. */
export function mergeTags(old: Tags, list: TagInput): Tags {
  const fresh = readTags(list);
  const replaced = new Set(Object.keys(fresh).map((k) => k.toLowerCase()));
  return limited({ ...Object.fromEntries(Object.entries(old).filter(([k]) => !replaced.has(k.toLowerCase()))), ...fresh });
}

export function withoutTags(old: Tags, keys: readonly string[] | undefined): Tags {
  const gone = new Set((keys ?? []).map((k) => k.toLowerCase()));
  return Object.fromEntries(Object.entries(old).filter(([k]) => !gone.has(k.toLowerCase())));
}

function limited(tags: Tags): Tags {
  if (Object.keys(tags).length > MAX_TAGS) throw limitExceeded(`The number of tags has reached the maximum limit: ${MAX_TAGS}.`);
  return tags;
}

export const tagViews = (tags: Tags): { Key: string; Value: string }[] => Object.keys(tags).sort().map((Key) => ({ Key, Value: tags[Key]! }));
export const tagsOrNone = (tags: Tags): { Key: string; Value: string }[] | undefined => (Object.keys(tags).length === 0 ? undefined : tagViews(tags));
