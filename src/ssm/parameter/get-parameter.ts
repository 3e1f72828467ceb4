// Owns GetParameter (Systems Manager API reference) for the public parameters that name images.

import { Ec2Error } from "../../wire/error.ts";
import type { SsmOperation } from "../../wire/operation.ts";
import { findParameter, publicParameters } from "./public-parameters.ts";

export const getParameter: SsmOperation<"GetParameter"> = (input, ctx) => {
  const parameter = findParameter(publicParameters(ctx.snapshot(), ctx.region), input.Name ?? "");
  if (!parameter) throw new Ec2Error("ParameterNotFound", "");
  return { Parameter: parameter };
};
