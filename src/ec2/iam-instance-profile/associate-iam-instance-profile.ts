// Owns AssociateIamInstanceProfile (EC2 API reference): the instance's metadata has the role's credentials with the next question.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { required } from "../missing.ts";
import { find } from "../resource.ts";
import { associated, profileNamed } from "./profile-named.ts";
import { associationView } from "./view.ts";

export const associateIamInstanceProfile: Ec2Operation<"AssociateIamInstanceProfile"> = (input, ctx) => ctx.write((tx) => {
  const instance = find(tx, "instance", input.InstanceId, ctx.region);
  const profile = required(profileNamed(tx, ctx, input.IamInstanceProfile), "IamInstanceProfile");
  if (instance.state === "shutting-down" || instance.state === "terminated") throw new Ec2Error("IncorrectInstanceState", `The instance '${instance.id}' is not in the 'running' or 'stopped' states.`);
  if (instance.iamInstanceProfileAssociationId !== undefined) throw new Ec2Error("IncorrectState", `There is an existing association for instance ${instance.id}`);
  const changed = { ...instance, ...associated(ctx, profile) };
  tx.put("instance", changed);
  return { IamInstanceProfileAssociation: associationView(changed, "associating") };
});
