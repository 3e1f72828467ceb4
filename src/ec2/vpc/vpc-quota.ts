// Owns the quota of VPCs in a region (Amazon VPC user guide, "Quotas").

import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";

export function checkVpcQuota(snapshot: Snapshot, ctx: Context): void {
  if (snapshot.list("vpc", ctx.region).length >= ctx.quota("vpcs-per-region")) throw new Ec2Error("VpcLimitExceeded", "The maximum number of VPCs has been reached.");
}
