// Owns AssignPrivateIpAddresses (EC2 API reference): named secondary addresses, or a number of them; a named one may be taken
// over from another interface of the subnet when AllowReassignment says so.

import { instanceTypeNamed } from "../instance-type/types.ts";
import type { NetworkInterface } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { checkAddress, freeAddresses } from "./create-interface.ts";
import { refuseManaged } from "./requester-managed.ts";
import { withoutAddresses } from "./unassign-private-ip-addresses.ts";

export const assignPrivateIpAddresses: Ec2Operation<"AssignPrivateIpAddresses"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Ipv4Prefixes", "Ipv4PrefixCount"], { Ipv4PrefixCount: (v: number) => v === 0 });
  const eni = find(tx, "network-interface", input.NetworkInterfaceId, ctx.region);
  refuseManaged(eni);
  const named = input.PrivateIpAddresses ?? [];
  const count = input.SecondaryPrivateIpAddressCount;
  if (named.length > 0 && count !== undefined) throw new Ec2Error("InvalidParameterCombination", "You may specify secondary private IP addresses or a secondary private IP address count, not both.");
  if (named.length === 0 && (count === undefined || count < 1)) throw new Ec2Error("MissingParameter", "Either private IP addresses or a secondary private IP address count must be specified");
  const subnet = find(tx, "subnet", eni.subnetId, ctx.region);
  checkLimit(tx, eni, named.length > 0 ? named.filter((a) => !eni.privateAddresses.some((p) => p.address === a)).length : count!);
  if (named.length > 0) for (const address of named) takeOver(tx, ctx, eni, address, input.AllowReassignment ?? false);
  const fresh = named.length > 0
    ? [...new Set(named)].filter((a) => !eni.privateAddresses.some((p) => p.address === a)).map((a) => checkAddress(tx, subnet, a, `[${a}] assigned, but move is not allowed.`))
    : freeAddresses(tx, ctx, subnet, count!, []);
  tx.put("network-interface", { ...eni, privateAddresses: [...eni.privateAddresses, ...fresh.map((address) => ({ address, primary: false }))] });
  return { NetworkInterfaceId: eni.id, AssignedPrivateIpAddresses: (named.length > 0 ? named : fresh).map((PrivateIpAddress) => ({ PrivateIpAddress })), AssignedIpv4Prefixes: [] };
});

function checkLimit(tx: Transaction, eni: NetworkInterface, more: number): void {
  const instance = eni.attachment && tx.get("instance", eni.attachment.instanceId);
  const type = instance && instanceTypeNamed(instance.instanceType);
  if (eni.privateAddresses.length + more > (type?.maxAddresses ?? 50)) throw new Ec2Error("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.");
}

function takeOver(tx: Transaction, ctx: Context, eni: NetworkInterface, address: string, allowed: boolean): void {
  const holder = tx.list("network-interface", ctx.region).find((n) => n.subnetId === eni.subnetId && n.id !== eni.id && n.privateAddresses.some((p) => p.address === address));
  if (!holder) return;
  refuseManaged(holder);
  if (!allowed) throw new Ec2Error("InvalidParameterValue", `[${address}] assigned, but move is not allowed.`);
  if (holder.privateAddresses[0]!.address === address) throw new Ec2Error("InvalidParameterValue", `[${address}] is a primary private address and cannot be reassigned.`);
  withoutAddresses(tx, holder, [address]);
}
