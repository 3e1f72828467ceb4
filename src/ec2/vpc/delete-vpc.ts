// Owns DeleteVpc (EC2 API reference): what came with the VPC goes with it and its peering connections end, everything else has to
// go before.

import { forgetFlowLogs } from "../../model/lifecycle.ts";
import { endPeeringsOf } from "../../model/peering.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const deleteVpc: Ec2Operation<"DeleteVpc"> = (input, ctx) => ctx.write((tx) => {
  const { id } = find(tx, "vpc", input.VpcId, ctx.region);
  if (hasDependencies(tx, id, ctx.region)) throw new Ec2Error("DependencyViolation", `The vpc '${id}' has dependencies and cannot be deleted.`);
  for (const kind of ["route-table", "security-group", "network-acl"] as const)
    for (const record of tx.list(kind, ctx.region)) if (record.vpcId === id) tx.delete(kind, record.id);
  endPeeringsOf(tx, id, ctx.now());
  forgetFlowLogs(tx, id);
  tx.delete("vpc", id);
  return {};
});

function hasDependencies(snapshot: Snapshot, vpcId: string, region: string): boolean {
  const inVpc = (record: { readonly vpcId?: string | undefined }): boolean => record.vpcId === vpcId;
  return snapshot.list("subnet", region).some(inVpc)
    || snapshot.list("internet-gateway", region).some(inVpc)
    || snapshot.list("network-interface", region).some(inVpc)
    || snapshot.list("route-table", region).some((table) => inVpc(table) && !table.associations.some((a) => a.main))
    || snapshot.list("security-group", region).some((group) => inVpc(group) && group.name !== "default")
    || snapshot.list("network-acl", region).some((acl) => inVpc(acl) && !acl.isDefault);
}
