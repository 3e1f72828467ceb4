// Owns CreateNatGateway (EC2 API reference), zonal ones. What AWS finds out later makes a gateway that failed and stays visible for an
// hour (Amazon VPC user guide, "Troubleshoot NAT gateways"); one that can be is `pending` until the kernel has it.

import type * as ec2 from "@aws-sdk/client-ec2";
import { natGatewayIsLive } from "../../model/lifecycle.ts";
import type { Address, NatGateway, Subnet } from "../../model/records.ts";
import type { Snapshot, Transaction } from "../../model/snapshot.ts";
import { unreservedAddressCount } from "../../model/private-addresses.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { required } from "../missing.ts";
import { createInterface } from "../network-interface/create-interface.ts";
import { newRecord, makerOf } from "../new-record.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { associateElasticIps, checkAddressLimits, elasticIpNamed } from "./gateway-addresses.ts";
import { natGatewayView } from "./view.ts";

type Input = ec2.CreateNatGatewayRequest;

export const createNatGateway: Ec2Operation<"CreateNatGateway"> = (input, ctx) => ctx.write((tx) => {
  if (input.AvailabilityMode === "regional") throw new Ec2Error("UnsupportedOperation", "The parameter AvailabilityMode with value regional is not supported.");
  refuseUnsupported(input, ["VpcId", "AvailabilityZoneAddresses"]); // of regional gateways
  const subnet = find(tx, "subnet", required(input.SubnetId, "subnetId"), ctx.region);
  const elastic = elasticIpsOf(tx, ctx, input);
  const secondary = secondaryOf(input, elastic.length);
  checkAddressLimits(ctx, elastic.length, 1 + secondary.named.length + secondary.count);
  const tags = tagsFor("natgateway", input.TagSpecifications);
  const inZone = tx.list("natgateway", ctx.region).filter((g) => natGatewayIsLive(g) && tx.get("subnet", g.subnetId)?.availabilityZone === subnet.availabilityZone);
  const quota = ctx.quota("nat-gateways-per-zone");
  if (inZone.length >= quota) throw new Ec2Error("NatGatewayLimitExceeded", `Performing this operation would exceed the limit of ${quota} NAT gateways`);
  const record: NatGateway = {
    ...newRecord(tx, makerOf(ctx), "nat", tags), vpcId: subnet.vpcId, subnetId: subnet.id, connectivityType: input.ConnectivityType ?? "public", state: "pending",
    networkInterfaceId: "", addresses: [], clientToken: input.ClientToken,
  };
  const failure = failureOf(tx, ctx, subnet, record, elastic, (input.PrivateIpAddress === undefined ? 1 : 0) + secondary.count);
  const gateway = failure ? failed(ctx, record, elastic, failure) : built(tx, ctx, record, subnet, input, secondary, elastic);
  tx.put("natgateway", gateway);
  return { NatGateway: natGatewayView({ ...gateway, state: "pending", failure: undefined, deletedAt: undefined }), ClientToken: input.ClientToken };
});

/** The Elastic IPs of a public gateway, primary first; a private one may name none. */
function elasticIpsOf(snapshot: Snapshot, ctx: Context, input: Input): readonly Address[] {
  const ids = [...(input.AllocationId === undefined ? [] : [input.AllocationId]), ...(input.SecondaryAllocationIds ?? [])];
  if (input.ConnectivityType === "private") {
    if (ids.length > 0) throw new Ec2Error("InvalidParameterCombination", "AllocationId and SecondaryAllocationIds may not be specified for a private NAT gateway.");
    return [];
  }
  if (input.AllocationId === undefined || input.AllocationId === "") throw new Ec2Error("MissingParameter", "The request must include the AllocationId parameter. Add the required parameter and retry the request.");
  const repeated = ids.find((id, i) => ids.indexOf(id) !== i);
  if (repeated !== undefined) throw new Ec2Error("InvalidParameterValue", `Duplicate allocation ID ${repeated} specified.`);
  return ids.map((id) => elasticIpNamed(snapshot, ctx, id));
}

/** The private addresses beside the primary one: named, or so many. A public gateway has one for each Elastic IP. */
function secondaryOf(input: Input, elasticCount: number): { readonly named: readonly string[]; readonly count: number } {
  const named = input.SecondaryPrivateIpAddresses ?? [];
  const count = input.SecondaryPrivateIpAddressCount;
  if (named.length > 0 && count !== undefined) throw new Ec2Error("InvalidParameterCombination", "SecondaryPrivateIpAddresses and SecondaryPrivateIpAddressCount may not be specified together.");
  if (input.ConnectivityType === "private") {
    if (count !== undefined && (count < 1 || count > 31)) throw new Ec2Error("InvalidParameterValue", `Value (${count}) for parameter SecondaryPrivateIpAddressCount is invalid.`);
    return { named, count: count ?? 0 };
  }
  if (count !== undefined) throw new Ec2Error("InvalidParameterCombination", "SecondaryPrivateIpAddressCount may be specified for private NAT gateways only.");
  if (named.length > 0 && named.length !== elasticCount - 1) throw new Ec2Error("InvalidParameterCombination", "The number of SecondaryPrivateIpAddresses must be that of the SecondaryAllocationIds.");
  return named.length > 0 ? { named, count: 0 } : { named, count: elasticCount - 1 };
}

/** Why the gateway cannot be: what AWS answers in FailureCode and FailureMessage. */
function failureOf(tx: Transaction, ctx: Context, subnet: Subnet, gateway: NatGateway, elastic: readonly Address[], unnamed: number): NatGateway["failure"] {
  if (gateway.connectivityType === "public" && !tx.list("internet-gateway", ctx.region).some((g) => g.vpcId === subnet.vpcId))
    return { code: "Gateway.NotAttached", message: `Network ${subnet.vpcId} has no Internet gateway attached` };
  const taken = elastic.find((a) => a.associationId !== undefined);
  if (taken) return { code: "Resource.AlreadyAssociated", message: `Elastic IP address [${taken.id}] is already associated` };
  if (unreservedAddressCount(tx, subnet) < unnamed) return { code: "InsufficientFreeAddressesInSubnet", message: "Subnet has insufficient free addresses to create this NAT gateway" };
  return undefined;
}

const failed = (ctx: Context, record: NatGateway, elastic: readonly Address[], failure: NatGateway["failure"]): NatGateway => ({
  ...record, state: "failed", failure, deletedAt: ctx.now().toISOString(), addresses: elastic.map((a, i) => ({ privateIp: "", allocationId: a.id, primary: i === 0 })),
});

function built(tx: Transaction, ctx: Context, record: NatGateway, subnet: Subnet, input: Input, secondary: { readonly named: readonly string[]; readonly count: number }, elastic: readonly Address[]): NatGateway {
  const eni = createInterface(tx, ctx, {
    subnet, description: `Interface for NAT Gateway ${record.id}`, groupIds: [], primaryAddress: input.PrivateIpAddress, secondaryAddresses: secondary.named, secondaryCount: secondary.count,
    assignsPublicIp: false, tags: {}, requesterManaged: true,
  });
  return { ...record, networkInterfaceId: eni.id, addresses: associateElasticIps(tx, ctx, eni, eni.privateAddresses.map((p) => p.address), elastic) };
}
