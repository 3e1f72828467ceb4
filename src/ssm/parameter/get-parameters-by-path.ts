// Owns GetParametersByPath (Systems Manager API reference) for the public parameters that name images.

import { Ec2Error } from "../../wire/error.ts";
import type { SsmOperation } from "../../wire/operation.ts";
import { publicParameters } from "./public-parameters.ts";

const MAX_RESULTS = 10;

export const getParametersByPath: SsmOperation<"GetParametersByPath"> = (input, ctx) => {
  const asked = input.Path ?? "";
  if (!asked.startsWith("/")) throw new Ec2Error("ValidationException", "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".");
  if ((input.ParameterFilters ?? []).length > 0) throw new Ec2Error("ValidationException", "ParameterFilters are not supported.");
  const size = input.MaxResults ?? MAX_RESULTS;
  if (!Number.isInteger(size) || size < 1 || size > MAX_RESULTS)
    throw new Ec2Error("ValidationException", `1 validation error detected: Value '${size}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and ${MAX_RESULTS}`);
  const folder = asked.endsWith("/") ? asked : `${asked}/`;
  const inside = publicParameters(ctx.snapshot(), ctx.region)
    .filter(({ Name }) => Name!.startsWith(folder) && (input.Recursive === true || !Name!.slice(folder.length).includes("/")));
  const start = input.NextToken === undefined ? 0 : afterToken(inside.map((p) => p.Name!), input.NextToken);
  const page = inside.slice(start, start + size);
  return { Parameters: page, ...(start + size < inside.length ? { NextToken: Buffer.from(page.at(-1)!.Name!).toString("base64url") } : {}) };
};

/** The token names the last parameter given. */
function afterToken(names: readonly string[], token: string): number {
  const at = names.indexOf(Buffer.from(token, "base64url").toString());
  if (at < 0) throw new Ec2Error("InvalidNextToken", "The specified token isn't valid.");
  return at + 1;
}
