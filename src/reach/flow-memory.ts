// Owns what was remembered on the way there, for the way back: flows that groups let through, connections of NAT gateways, and what
// guests translated. One memory is one walk's. Pure.

import type { NatConnection } from "../model/nat-gateway.ts";
import { answers } from "../model/nat-gateway.ts";
import type { Packet } from "../model/packet.ts";
import type { NetworkInterface } from "../model/records.ts";
import { flowKey, type FlowState } from "../model/tracking.ts";

export interface Forwarded { readonly instanceId: string; readonly cameAs: Packet; readonly leftAs: Packet }

export class FlowMemory implements FlowState {
  readonly #flows = new Set<string>();
  readonly natConnections: NatConnection[] = [];
  readonly #forwarded: Forwarded[] = [];

  tracks(eni: NetworkInterface, packet: Packet): boolean {
    return this.#flows.has(`${eni.id} ${flowKey(packet).key}`);
  }
  passed(eni: NetworkInterface, packet: Packet, untracked: boolean): void {
    if (!untracked) this.#flows.add(`${eni.id} ${flowKey(packet).key}`);
  }
  tracksFragment(): boolean { return false; }
  arrived(): void { /* the analyzer asks about whole packets */ }

  forwarded(one: Forwarded): void { this.#forwarded.push(one); }
  /** What this guest had sent on, that the packet answers. */
  answered(instanceId: string, packet: Packet): Forwarded | undefined {
    return this.#forwarded.find((one) => one.instanceId === instanceId && answers(packet, one.leftAs));
  }
}
