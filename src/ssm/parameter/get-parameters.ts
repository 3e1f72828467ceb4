// Owns GetParameters (Systems Manager API reference) for the public parameters that name images.

import { Ec2Error } from "../../wire/error.ts";
import type { SsmOperation } from "../../wire/operation.ts";
import { findParameter, publicParameters } from "./public-parameters.ts";

const MAX_NAMES = 10;

export const getParameters: SsmOperation<"GetParameters"> = (input, ctx) => {
  const names = [...new Set(input.Names ?? [])];
  if (names.length < 1 || names.length > MAX_NAMES)
    throw new Ec2Error("ValidationException", `1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length ${names.length < 1 ? "greater than or equal to 1" : `less than or equal to ${MAX_NAMES}`}`);
  const parameters = publicParameters(ctx.snapshot(), ctx.region);
  const found = names.map((name) => ({ name, parameter: findParameter(parameters, name) }));
  return {
    Parameters: found.flatMap(({ parameter }) => (parameter ? [parameter] : [])),
    InvalidParameters: found.filter(({ parameter }) => !parameter).map(({ name }) => name),
  };
};
