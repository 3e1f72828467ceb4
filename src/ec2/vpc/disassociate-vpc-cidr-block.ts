// Owns DisassociateVpcCidrBlock (EC2 API reference), for IPv4.

import { parseCidr, within } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { cidrView } from "./view.ts";

export const disassociateVpcCidrBlock: Ec2Operation<"DisassociateVpcCidrBlock"> = (input, ctx) => ctx.write((tx) => {
  const vpc = tx.list("vpc", ctx.region).find((v) => v.cidrAssociations.some((a) => a.associationId === input.AssociationId));
  if (!vpc) throw new Ec2Error("InvalidVpcCidrBlockAssociationID.NotFound", `The vpc CIDR block association ID '${input.AssociationId}' does not exist`);
  const at = vpc.cidrAssociations.findIndex((a) => a.associationId === input.AssociationId);
  const association = vpc.cidrAssociations[at]!;
  if (at === 0)
    throw new Ec2Error("OperationNotPermitted", `The vpc CIDR block with association ID ${association.associationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`);
  const block = must(parseCidr(association.cidrBlock), "a VPC's block parses");
  if (tx.list("subnet", ctx.region).some((s) => s.vpcId === vpc.id && within(must(parseCidr(s.cidrBlock), "a subnet's block parses"), block)))
    throw new Ec2Error("InvalidCidrBlock.InUse", `The vpc ${vpc.id} currently has a subnet within CIDR block ${association.cidrBlock}`);
  tx.put("vpc", { ...vpc, cidrAssociations: vpc.cidrAssociations.filter((a) => a !== association) });
  for (const table of tx.list("route-table", ctx.region))
    if (table.vpcId === vpc.id) tx.put("route-table", { ...table, routes: table.routes.filter((r) => r.origin !== "CreateRouteTable" || r.destination !== association.cidrBlock) });
  return { VpcId: vpc.id, CidrBlockAssociation: cidrView(association, "disassociating") };
});
