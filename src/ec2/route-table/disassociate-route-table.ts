// Owns DisassociateRouteTable (EC2 API reference): the subnet obeys the main table from then on.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { findAssociation } from "./find-association.ts";

export const disassociateRouteTable: Ec2Operation<"DisassociateRouteTable"> = (input, ctx) => ctx.write((tx) => {
  const { table, association } = findAssociation(tx, ctx.region, input.AssociationId!);
  if (association.main) throw new Ec2Error("InvalidParameterValue", `cannot disassociate the main route table association ${association.id}`);
  tx.put("route-table", { ...table, associations: table.associations.filter((a) => a !== association) });
  return {};
});
