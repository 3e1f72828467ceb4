// Owns finding a route table by the id of one of its associations.

import { isId } from "../../lib/ids.ts";
import type { RouteTable, RouteTableAssociation } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";

export interface FoundAssociation { readonly table: RouteTable; readonly association: RouteTableAssociation }

export function findAssociation(snapshot: Snapshot, region: string, id: string): FoundAssociation {
  if (!isId("rtbassoc", id)) throw new Ec2Error("InvalidRouteTableAssociationId.Malformed", `Invalid id: "${id}" (expecting "rtbassoc-...")`);
  for (const table of snapshot.list("route-table", region)) {
    const association = table.associations.find((a) => a.id === id);
    if (association) return { table, association };
  }
  throw new Ec2Error("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
}
