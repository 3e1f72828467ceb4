// Owns CreateSubnet (EC2 API reference).

import { formatCidr, overlaps, parseCidr, within } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { isNetworkSize, readCidr } from "../cidr.ts";
import { tagsFor } from "../describe.ts";
import { required } from "../missing.ts";
import { makerOf } from "../new-record.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { putSubnet } from "./new-subnet.ts";
import { subnetView } from "./view.ts";
import { chooseZone } from "./zone.ts";

export const createSubnet: Ec2Operation<"CreateSubnet"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Ipv6CidrBlock", "OutpostArn", "Ipv6Native", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6IpamPoolId", "Ipv6NetmaskLength"], { Ipv6Native: (v: boolean) => !v });
  const text = required(input.CidrBlock, "cidrBlock");
  const block = readCidr(text, "cidrBlock");
  const tags = tagsFor("subnet", input.TagSpecifications);
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  const availabilityZone = chooseZone(ctx, input.AvailabilityZone, input.AvailabilityZoneId);
  const inVpc = vpc.cidrAssociations.some((a) => within(block, must(parseCidr(a.cidrBlock), "a VPC's block parses")));
  if (!isNetworkSize(block) || !inVpc) throw new Ec2Error("InvalidSubnet.Range", `The CIDR '${text}' is invalid.`);
  const others = tx.list("subnet", ctx.region).filter((s) => s.vpcId === vpc.id);
  if (others.some((s) => overlaps(must(parseCidr(s.cidrBlock), "a subnet's block parses"), block)))
    throw new Ec2Error("InvalidSubnet.Conflict", `The CIDR '${text}' conflicts with another subnet`);
  if (others.length >= ctx.quota("subnets-per-vpc")) throw new Ec2Error("SubnetLimitExceeded", "The maximum number of subnets has been reached.");
  const subnet = putSubnet(tx, makerOf(ctx), { vpcId: vpc.id, cidrBlock: formatCidr(block), availabilityZone, isDefault: false, tags });
  return { Subnet: subnetView(tx, ctx, subnet) };
});
