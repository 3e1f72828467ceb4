// Owns ReplaceNetworkAclAssociation (EC2 API reference): a subnet obeys another ACL from now on. It always obeys one.

import { isId } from "../../lib/ids.ts";
import type { NetworkAcl } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const replaceNetworkAclAssociation: Ec2Operation<"ReplaceNetworkAclAssociation"> = (input, ctx) => ctx.write((tx) => {
  const { acl: before, association } = findAssociation(tx, ctx.region, input.AssociationId!);
  const acl = find(tx, "network-acl", input.NetworkAclId, ctx.region);
  if (acl.vpcId !== before.vpcId) throw new Ec2Error("InvalidParameterValue", `Network ACL ${acl.id} and subnet ${association.subnetId} belong to different networks`);
  const id = ctx.newId("aclassoc");
  tx.put("network-acl", { ...before, associations: before.associations.filter((a) => a !== association) });
  const now = tx.get("network-acl", acl.id)!; // it may be the same one
  tx.put("network-acl", { ...now, associations: [...now.associations, { id, subnetId: association.subnetId }] });
  return { NewAssociationId: id };
});

function findAssociation(snapshot: Snapshot, region: string, id: string): { acl: NetworkAcl; association: NetworkAcl["associations"][number] } {
  if (!isId("aclassoc", id)) throw new Ec2Error("InvalidNetworkAclAssociationId.Malformed", `Invalid id: "${id}" (expecting "aclassoc-...")`);
  for (const acl of snapshot.list("network-acl", region)) {
    const association = acl.associations.find((a) => a.id === id);
    if (association) return { acl, association };
  }
  throw new Ec2Error("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
}
