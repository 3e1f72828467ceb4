// Owns CreateNetworkAcl (EC2 API reference). A new ACL denies everything, both ways.

import type { NetworkAcl } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { find } from "../resource.ts";
import { finalDenies } from "./entries.ts";
import { networkAclView } from "./view.ts";

export const createNetworkAcl: Ec2Operation<"CreateNetworkAcl"> = (input, ctx) => ctx.write((tx) => {
  const tags = tagsFor("network-acl", input.TagSpecifications);
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  if (tx.list("network-acl", ctx.region).filter((acl) => acl.vpcId === vpc.id).length >= ctx.quota("network-acls-per-vpc"))
    throw new Ec2Error("NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached.");
  const acl: NetworkAcl = { ...newRecord(tx, makerOf(ctx), "acl", tags), vpcId: vpc.id, isDefault: false, entries: finalDenies, associations: [] };
  tx.put("network-acl", acl);
  return { NetworkAcl: networkAclView(ctx, acl), ClientToken: input.ClientToken };
});
