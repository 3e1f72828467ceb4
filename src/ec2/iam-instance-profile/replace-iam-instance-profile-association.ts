// Owns ReplaceIamInstanceProfileAssociation (EC2 API reference): of a running instance; the association is another one afterwards.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { required } from "../missing.ts";
import { associated, profileNamed } from "./profile-named.ts";
import { associatedInstance, associationView } from "./view.ts";

export const replaceIamInstanceProfileAssociation: Ec2Operation<"ReplaceIamInstanceProfileAssociation"> = (input, ctx) => ctx.write((tx) => {
  const instance = associatedInstance(tx, ctx.region, input.AssociationId);
  const profile = required(profileNamed(tx, ctx, input.IamInstanceProfile), "IamInstanceProfile");
  if (instance.state !== "running" && instance.state !== "pending") throw new Ec2Error("IncorrectState", `The association ${input.AssociationId} is not the active association`);
  const changed = { ...instance, ...associated(ctx, profile) };
  tx.put("instance", changed);
  return { IamInstanceProfileAssociation: associationView(changed, "associating") };
});
