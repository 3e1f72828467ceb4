// Owns UnassignPrivateIpAddresses (EC2 API reference): secondary addresses only; an Elastic IP on one is free afterwards.

import { unassociated } from "../../model/lifecycle.ts";
import type { NetworkInterface } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { refuseManaged } from "./requester-managed.ts";

export const unassignPrivateIpAddresses: Ec2Operation<"UnassignPrivateIpAddresses"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Ipv4Prefixes"]);
  const eni = find(tx, "network-interface", input.NetworkInterfaceId, ctx.region);
  refuseManaged(eni);
  const addresses = input.PrivateIpAddresses ?? [];
  if (addresses.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter privateIpAddress");
  const unknown = addresses.filter((a) => !eni.privateAddresses.some((p) => p.address === a));
  if (unknown.length > 0) throw new Ec2Error("InvalidParameterValue", `Some of [${unknown.join(", ")}] addresses are not assigned to interface ${eni.id}`);
  if (addresses.includes(eni.privateAddresses[0]!.address)) throw new Ec2Error("InvalidParameterValue", "The primary private IP address cannot be unassigned.");
  withoutAddresses(tx, eni, addresses);
  return {};
});

/** Takes addresses from an interface, and Elastic IPs from them. */
export function withoutAddresses(tx: Transaction, eni: NetworkInterface, addresses: readonly string[]): void {
  for (const elastic of tx.list("elastic-ip"))
    if (elastic.networkInterfaceId === eni.id && addresses.includes(elastic.privateIp ?? "")) tx.put("elastic-ip", unassociated(elastic));
  tx.put("network-interface", { ...eni, privateAddresses: eni.privateAddresses.filter((p) => !addresses.includes(p.address)) });
}
