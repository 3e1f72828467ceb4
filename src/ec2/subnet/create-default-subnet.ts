// Owns CreateDefaultSubnet (EC2 API reference): the first free /20 of the default VPC, in a zone that has no default subnet.

import { formatIp, lastOf, overlaps, parseCidr } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import type { Vpc } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { makerOf } from "../new-record.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { putSubnet } from "./new-subnet.ts";
import { subnetView } from "./view.ts";
import { chooseZone } from "./zone.ts";

const SUBNET_BITS = 20;

export const createDefaultSubnet: Ec2Operation<"CreateDefaultSubnet"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Ipv6Native"], { Ipv6Native: (v: boolean) => !v });
  if (input.AvailabilityZone === undefined && input.AvailabilityZoneId === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter availabilityZone");
  const vpc = tx.list("vpc", ctx.region).find((v) => v.isDefault);
  if (!vpc) throw new Ec2Error("DefaultVpcDoesNotExist", "There is no default VPC for this account in this region.");
  const zone = chooseZone(ctx, input.AvailabilityZone, input.AvailabilityZoneId);
  const subnets = tx.list("subnet", ctx.region).filter((s) => s.vpcId === vpc.id);
  const existing = subnets.find((s) => s.defaultForAz && s.availabilityZone === zone);
  if (existing) throw new Ec2Error("DefaultSubnetAlreadyExistsInAvailabilityZone", `'${existing.id}' is already the default subnet in ${zone}.`);
  const cidrBlock = freeBlock(tx, vpc);
  if (cidrBlock === undefined) throw new Ec2Error("InsufficientCidrBlocks", "The default VPC has no free block of addresses for another default subnet.");
  return { Subnet: subnetView(tx, ctx, putSubnet(tx, makerOf(ctx), { vpcId: vpc.id, cidrBlock, availabilityZone: zone, isDefault: true, tags: {} })) };
});

function freeBlock(snapshot: Snapshot, vpc: Vpc): string | undefined {
  const whole = must(parseCidr(vpc.cidrAssociations[0]!.cidrBlock), "a VPC's block parses");
  const taken = snapshot.list("subnet", vpc.region).filter((s) => s.vpcId === vpc.id).map((s) => must(parseCidr(s.cidrBlock), "a subnet's block parses"));
  for (let address = whole.address; address < lastOf(whole); address += 2 ** (32 - SUBNET_BITS))
    if (!taken.some((t) => overlaps(t, { address, prefixLength: SUBNET_BITS }))) return `${formatIp(address)}/${SUBNET_BITS}`;
  return undefined;
}
