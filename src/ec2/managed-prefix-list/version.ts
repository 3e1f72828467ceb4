// Owns the refusal of a version that a managed prefix list does not have.

import { Ec2Error } from "../../wire/error.ts";

export const unknownVersion = (version: number): Ec2Error => new Ec2Error("InvalidParameterValue", `The specified value for version is not valid: the prefix list has no version (${version}).`);
