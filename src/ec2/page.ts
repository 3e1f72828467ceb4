// Owns pages (EC2 API reference, "Pagination"): MaxResults items of a list at most, and a token for the rest that stays good while
// records come and go, the last one given too.

import { hash } from "node:crypto";
import { Ec2Error } from "../wire/error.ts";

/** What MaxResults may be. */
export interface PageLimits { readonly min: number; readonly max: number }
export const usualLimits: PageLimits = { min: 5, max: 1000 };
/** Where a list goes on whose last given item has gone: at the first item that is not before it. `of` keeps one list's tokens from another. */
export interface Order<R> { readonly of: string; at(item: R): number }
export interface Page<R> { readonly items: readonly R[]; readonly nextToken: string | undefined }

interface Token { readonly key: string; readonly of: string; readonly at: number }

/** Cuts one page. @param order of lists whose items may go */
export function paginate<R>(items: readonly R[], keyOf: (item: R) => string, maxResults: number | undefined, nextToken: string | undefined, limits: PageLimits = usualLimits, order?: Order<R>): Page<R> {
  const outside = (text: string): Ec2Error => new Ec2Error("InvalidParameterValue", `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value ${text}.`);
  if (maxResults !== undefined && maxResults < limits.min) throw outside(`greater than ${limits.min}`); // AWS's wording, which means: not less
  if (maxResults !== undefined && (!Number.isInteger(maxResults) || maxResults > limits.max)) throw outside(`between ${limits.min} and ${limits.max}`);
  const start = nextToken === undefined || nextToken === "" ? 0 : startAfter(items, keyOf, readToken(nextToken), order);
  const end = maxResults === undefined ? items.length : Math.min(items.length, start + maxResults);
  const page = items.slice(start, end), last = page.at(-1);
  return { items: page, nextToken: end < items.length && last !== undefined ? writeToken({ key: keyOf(last), of: order?.of ?? "", at: order?.at(last) ?? 0 }) : undefined };
}

function startAfter<R>(items: readonly R[], keyOf: (item: R) => string, token: Token, order: Order<R> | undefined): number {
  const at = items.findIndex((item) => keyOf(item) === token.key);
  if (at >= 0) return at + 1;
  if (!order || order.of !== token.of) throw notOurs();
  const next = items.findIndex((item) => order.at(item) >= token.at);
  return next < 0 ? items.length : next;
}

const notOurs = (): Ec2Error => new Ec2Error("InvalidNextToken", "The token is not valid or has expired");
const SUM_CHARACTERS = 16;
const sumOf = (text: string): string => hash("sha256", text).slice(0, SUM_CHARACTERS);

function writeToken({ key, of, at }: Token): string {
  const text = JSON.stringify([key, of, at]);
  return Buffer.from(sumOf(text) + text).toString("base64");
}

/** A token with a change in it, however small, is none. */
function readToken(token: string): Token {
  const bytes = Buffer.from(token, "base64"), text = bytes.toString();
  if (bytes.toString("base64") !== token || text.slice(0, SUM_CHARACTERS) !== sumOf(text.slice(SUM_CHARACTERS))) throw notOurs();
  const [key, of, at] = JSON.parse(text.slice(SUM_CHARACTERS)) as [string, string, number];
  return { key, of, at };
}
