// Owns what the kernel's having a snapshot makes true of its NAT gateways: those that were pending are available, those that were
// going are gone.

import { natGatewayGone, natGatewayReady } from "../model/lifecycle.ts";
import type { Snapshot, Transaction } from "../model/snapshot.ts";

export interface NatGatewayStepsOptions {
  write(fn: (tx: Transaction) => void): void;
  now(): Date;
}

/** @param applied what the kernel holds; records may have moved on since */
export function settleNatGateways(applied: Snapshot, { write, now }: NatGatewayStepsOptions): void {
  const gateways = applied.list("natgateway").filter((g) => g.state === "pending" || g.state === "deleting");
  if (gateways.length === 0) return;
  write((tx) => {
    for (const { id, state } of gateways) {
      if (state === "pending") natGatewayReady(tx, id);
      else natGatewayGone(tx, id, now());
    }
  });
}
