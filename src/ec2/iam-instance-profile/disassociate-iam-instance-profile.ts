// Owns DisassociateIamInstanceProfile (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { associated } from "./profile-named.ts";
import { associatedInstance, associationView } from "./view.ts";

export const disassociateIamInstanceProfile: Ec2Operation<"DisassociateIamInstanceProfile"> = (input, ctx) => ctx.write((tx) => {
  const instance = associatedInstance(tx, ctx.region, input.AssociationId);
  tx.put("instance", { ...instance, ...associated(ctx, undefined) });
  return { IamInstanceProfileAssociation: associationView(instance, "disassociating") };
});
