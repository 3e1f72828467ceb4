// Owns AssociateVpcCidrBlock (EC2 API reference), for IPv4: the block becomes a local route in every table of the VPC.

import { formatCidr, overlaps, parseCidr, within, type Cidr } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import { peerOf, peeringsOf } from "../../model/peering.ts";
import type { RouteTable, Vpc } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { readVpcCidr } from "../cidr.ts";
import { required } from "../missing.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { cidrView } from "./view.ts";

export const associateVpcCidrBlock: Ec2Operation<"AssociateVpcCidrBlock"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Ipv6CidrBlockNetworkBorderGroup", "Ipv6Pool", "Ipv6CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6IpamPoolId", "Ipv6NetmaskLength", "AmazonProvidedIpv6CidrBlock"], {
    AmazonProvidedIpv6CidrBlock: (v: boolean) => !v,
  });
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  const block = readVpcCidr(required(input.CidrBlock, "cidrBlock"));
  const tables = tx.list("route-table", ctx.region).filter((table) => table.vpcId === vpc.id);
  refuseConflict(ctx, vpc, tables, block);
  refusePeerConflict(tx, vpc, block);
  const association = { associationId: ctx.newId("vpc-cidr-assoc"), cidrBlock: formatCidr(block) };
  tx.put("vpc", { ...vpc, cidrAssociations: [...vpc.cidrAssociations, association] });
  for (const table of tables) {
    const local = table.routes.filter((r) => r.origin === "CreateRouteTable");
    const others = table.routes.filter((r) => r.origin !== "CreateRouteTable");
    tx.put("route-table", { ...table, routes: [...local, { destination: association.cidrBlock, target: { kind: "local" }, origin: "CreateRouteTable" }, ...others] });
  }
  return { VpcId: vpc.id, CidrBlockAssociation: cidrView(association, "associating") };
});

/** Nothing of the VPC may overlap, and no route may be as specific as the block or more. */
function refuseConflict(ctx: Context, vpc: Vpc, tables: readonly RouteTable[], block: Cidr): void {
  const own = vpc.cidrAssociations.find((a) => overlaps(must(parseCidr(a.cidrBlock), "a VPC's block parses"), block));
  if (own) throw new Ec2Error("InvalidVpc.Range", `The CIDR '${formatCidr(block)}' conflicts with the CIDR block ${own.cidrBlock} of the VPC.`);
  const routed = tables.flatMap((table) => table.routes).find((route) => {
    const destination = parseCidr(route.destination);
    return destination !== undefined && within(destination, block);
  });
  if (routed) throw new Ec2Error("InvalidVpc.Range", `The CIDR '${formatCidr(block)}' conflicts with the existing route ${routed.destination}.`);
  if (vpc.cidrAssociations.length >= ctx.quota("cidr-blocks-per-vpc"))
    throw new Ec2Error("CidrLimitExceeded", `This network '${vpc.id}' has met its maximum number of allowed CIDRs: ${ctx.quota("cidr-blocks-per-vpc")}`);
}

/** Nor may anything of a VPC that it is peered with. */
function refusePeerConflict(snapshot: Snapshot, vpc: Vpc, block: Cidr): void {
  for (const peering of peeringsOf(snapshot, vpc.id)) {
    const peer = peering.status === "active" ? snapshot.get("vpc", peerOf(peering, vpc.id)!.vpcId) : undefined;
    const other = peer?.cidrAssociations.find((a) => overlaps(must(parseCidr(a.cidrBlock), "a VPC's block parses"), block));
    if (other) throw new Ec2Error("InvalidVpc.Range", `The CIDR '${formatCidr(block)}' conflicts with the CIDR block ${other.cidrBlock} of the peered VPC ${peer!.id}.`);
  }
}
