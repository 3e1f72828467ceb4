// Owns CreateVpc (EC2 API reference).

import { formatCidr } from "../../lib/ip.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { readVpcCidr } from "../cidr.ts";
import { tagsFor } from "../describe.ts";
import { makerOf } from "../new-record.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { putVpc } from "./new-vpc.ts";
import { checkVpcQuota } from "./vpc-quota.ts";
import { vpcView } from "./view.ts";

export const createVpc: Ec2Operation<"CreateVpc"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Ipv6Pool", "Ipv6CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6IpamPoolId", "Ipv6NetmaskLength", "Ipv6CidrBlockNetworkBorderGroup", "VpcEncryptionControl", "AmazonProvidedIpv6CidrBlock"], {
    AmazonProvidedIpv6CidrBlock: (v: boolean) => !v,
  });
  if (input.CidrBlock === undefined || input.CidrBlock === "") throw new Ec2Error("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.");
  const block = readVpcCidr(input.CidrBlock);
  const tenancy = input.InstanceTenancy ?? "default";
  if (tenancy !== "default" && tenancy !== "dedicated") throw new Ec2Error("InvalidParameterValue", `Value (${tenancy}) for parameter instanceTenancy is invalid. Supported values are default and dedicated.`);
  const tags = tagsFor("vpc", input.TagSpecifications);
  checkVpcQuota(tx, ctx);
  const vpc = putVpc(tx, makerOf(ctx), { cidrBlock: formatCidr(block), isDefault: false, instanceTenancy: tenancy, tags });
  return { Vpc: { ...vpcView(ctx, vpc), State: "pending", Ipv6CidrBlockAssociationSet: [] } };
});
