// Owns a region's default VPC as AWS makes it (Amazon VPC user guide, "Default VPCs"): 172.31.0.0/16, a public /20 in each zone, an
// internet gateway, and a way to it in the main route table.

import type { InternetGateway, Vpc } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { availabilityZones } from "../../model/regions.ts";
import { mainRouteTable } from "../../model/routing.ts";
import { newRecord, type Maker } from "../new-record.ts";
import { putSubnet } from "../subnet/new-subnet.ts";
import { putVpc } from "./new-vpc.ts";

/** Makes the region's default VPC, unless it has one. */
export function ensureRegion(tx: Transaction, region: string, deps: { newId(prefix: string): string; readonly now: Date }): void {
  if (tx.list("vpc", region).some((vpc) => vpc.isDefault)) return;
  putDefaultVpc(tx, { region, now: deps.now, newId: (prefix) => deps.newId(prefix) });
}

export function putDefaultVpc(tx: Transaction, maker: Maker): Vpc {
  const vpc = putVpc(tx, maker, { cidrBlock: "172.31.0.0/16", isDefault: true, instanceTenancy: "default", tags: {} });
  availabilityZones(maker.region).forEach((zone, i) => {
    putSubnet(tx, maker, { vpcId: vpc.id, cidrBlock: `172.31.${i * 16}.0/20`, availabilityZone: zone.name, isDefault: true, tags: {} });
  });
  const gateway: InternetGateway = { ...newRecord(tx, maker, "igw"), vpcId: vpc.id };
  tx.put("internet-gateway", gateway);
  const main = mainRouteTable(tx, maker.region, vpc.id);
  tx.put("route-table", { ...main, routes: [...main.routes, { destination: "0.0.0.0/0", target: { kind: "gateway", gatewayId: gateway.id }, origin: "CreateRoute" }] });
  return vpc;
}
