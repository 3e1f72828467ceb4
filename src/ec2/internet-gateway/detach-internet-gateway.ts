// Owns DetachInternetGateway (EC2 API reference): refused while public addresses lead into the VPC. A route table of its own stays,
// without it.

import { gatewayRouteTable } from "../../model/routing.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

export const detachInternetGateway: Ec2Operation<"DetachInternetGateway"> = (input, ctx) => ctx.write((tx) => {
  const gateway = find(tx, "internet-gateway", input.InternetGatewayId, ctx.region);
  const vpc = find(tx, "vpc", input.VpcId, ctx.region);
  if (gateway.vpcId !== vpc.id) throw new Ec2Error("Gateway.NotAttached", `resource ${gateway.id} is not attached to network ${vpc.id}`);
  if (hasMappedAddresses(tx, ctx.region, vpc.id))
    throw new Ec2Error("DependencyViolation", `Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`);
  const edge = gatewayRouteTable(tx, ctx.region, gateway.id);
  if (edge) tx.put("route-table", { ...edge, associations: edge.associations.filter((a) => a.gatewayId !== gateway.id) });
  tx.put("internet-gateway", { ...gateway, vpcId: undefined });
  return {};
});

function hasMappedAddresses(snapshot: Snapshot, region: string, vpcId: string): boolean {
  const interfaces = snapshot.list("network-interface", region).filter((eni) => eni.vpcId === vpcId);
  if (interfaces.some((eni) => eni.privateAddresses.some((p) => p.publicIp !== undefined))) return true;
  const ids = new Set(interfaces.map((eni) => eni.id));
  return snapshot.list("elastic-ip", region).some((address) => address.networkInterfaceId !== undefined && ids.has(address.networkInterfaceId));
}
