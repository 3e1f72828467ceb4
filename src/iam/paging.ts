// Owns pages of IAM's lists (IAM API reference: Marker, MaxItems, IsTruncated), in order of name.

import { constraint, validationError } from "./fault.ts";

const DEFAULT_ITEMS = 100;

export interface PageInput { readonly Marker?: string | undefined; readonly MaxItems?: number | undefined }
export interface Page<R> { readonly items: R[]; readonly IsTruncated: boolean; readonly Marker: string | undefined }

/** The marker names the last item given: it stays good while others come and go. */
export function pageOf<R>(all: readonly R[], keyOf: (item: R) => string, { Marker, MaxItems }: PageInput): Page<R> {
  if (MaxItems !== undefined && (!Number.isInteger(MaxItems) || MaxItems < 1 || MaxItems > 1000))
    throw constraint(String(MaxItems), "maxItems", MaxItems < 1 ? "Member must have value greater than or equal to 1" : "Member must have value less than or equal to 1000");
  const after = Marker === undefined ? undefined : decode(Marker);
  const rest = [...all].sort((a, b) => compare(keyOf(a), keyOf(b))).filter((item) => after === undefined || compare(keyOf(item), after) > 0);
  const items = rest.slice(0, MaxItems ?? DEFAULT_ITEMS);
  const IsTruncated = items.length < rest.length;
  return { items, IsTruncated, Marker: IsTruncated ? Buffer.from(`1:${keyOf(items.at(-1)!)}`).toString("base64") : undefined };
}

function decode(marker: string): string {
  const text = Buffer.from(marker, "base64").toString();
  if (!text.startsWith("1:")) throw validationError("Invalid Marker.");
  return text.slice(2);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
