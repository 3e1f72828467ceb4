// Owns DeleteNetworkAcl (EC2 API reference): not the default one, and none that a subnet obeys.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteNetworkAcl: Ec2Operation<"DeleteNetworkAcl"> = (input, ctx) => ctx.write((tx) => {
  const acl = find(tx, "network-acl", input.NetworkAclId, ctx.region);
  if (acl.isDefault) throw new Ec2Error("InvalidParameterValue", `cannot delete default network ACL ${acl.id}`);
  if (acl.associations.length > 0) throw new Ec2Error("DependencyViolation", `The networkAcl '${acl.id}' has dependencies and cannot be deleted.`);
  tx.delete("network-acl", acl.id);
  return {};
});
