// Owns what the network says a guest's devices should be: its instance's interfaces, with their addresses. Pure.

import { must } from "../lib/assert.ts";
import { parseCidr } from "../lib/ip.ts";
import { attachedInterfaces } from "../model/lifecycle.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { OwnInterface } from "./guest.ts";

export const ownInterfaces = (snapshot: Snapshot, instanceId: string): OwnInterface[] => attachedInterfaces(snapshot, instanceId).map((eni) => {
  const { prefixLength } = parseCidr(must(snapshot.get("subnet", eni.subnetId), eni.subnetId).cidrBlock)!;
  return { mac: eni.macAddress, addresses: eni.privateAddresses.map(({ address }) => ({ address, prefixLength })) };
});
