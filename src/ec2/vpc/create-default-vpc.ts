// Owns CreateDefaultVpc (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { makerOf } from "../new-record.ts";
import { putDefaultVpc } from "./default-vpc.ts";
import { checkVpcQuota } from "./vpc-quota.ts";
import { vpcView } from "./view.ts";

export const createDefaultVpc: Ec2Operation<"CreateDefaultVpc"> = (_input, ctx) => ctx.write((tx) => {
  const existing = tx.list("vpc", ctx.region).find((vpc) => vpc.isDefault);
  if (existing) throw new Ec2Error("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.");
  checkVpcQuota(tx, ctx);
  return { Vpc: { ...vpcView(ctx, putDefaultVpc(tx, makerOf(ctx))), State: "pending", Ipv6CidrBlockAssociationSet: [] } };
});
