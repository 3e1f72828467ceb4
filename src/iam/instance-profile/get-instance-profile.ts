// Owns GetInstanceProfile (IAM API reference).

import type { IamOperation } from "../../wire/operation.ts";
import { profileNamed, wholeProfileView } from "./instance-profiles.ts";

export const getInstanceProfile: IamOperation<"GetInstanceProfile"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  return { InstanceProfile: wholeProfileView(snapshot, ctx, profileNamed(snapshot, input.InstanceProfileName)) };
};
