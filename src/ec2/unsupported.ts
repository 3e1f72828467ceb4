// Owns the refusal of parameters that an operation of AWS has and this box does not offer: never a made-up success.

import { Ec2Error } from "../wire/error.ts";

/** Refuses every parameter that is present. Empty lists and texts (Terraform sends them), and what `harmless` lets through, count as absent. */
export function refuseUnsupported<I extends object>(input: I, names: readonly (keyof I & string)[], harmless: Partial<Record<keyof I & string, (value: never) => boolean>> = {}): void {
  for (const name of names) {
    const value = input[name];
    if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)) continue;
    if (harmless[name]?.(value as never)) continue;
    throw new Ec2Error("UnsupportedOperation", `The parameter ${name} is not supported.`);
  }
}
