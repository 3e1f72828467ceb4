// Owns a guest of which nothing is known: taken to forward, translate nothing and answer. Pure.

import { formatIp } from "../lib/ip.ts";
import type { Network } from "../model/network.ts";
import type { NetworkInterface } from "../model/records.ts";
import { primaryOf } from "./endpoints.ts";
import type { Guest } from "./guest.ts";
import { text } from "./texts.ts";

export function unknownGuest(network: Network, eni: NetworkInterface): Guest {
  const instanceId = eni.attachment!.instanceId;
  const mac = eni.macAddress;
  return {
    receive: (_mac, packet, replyOf) => {
      if (replyOf && replyOf.cameAs.source !== replyOf.leftAs.source) {
        const { source, sourcePort } = replyOf.cameAs;
        return { causes: [], notes: [], to: { kind: "device", mac, packet: { ...packet, destination: source, destinationPort: sourcePort } } };
      }
      if (network.ownerOf(eni.vpcId, packet.destination)?.attachment?.instanceId === instanceId) return { causes: [], notes: [], to: { kind: "local" } };
      const own = primaryOf(eni);
      const untranslated = packet.source === own ? undefined : {
        packet: { ...packet, source: own },
        cause: {
          code: "GUEST_NAT_MISSING" as const,
          message: text(`${instanceId} sends packets of ${formatIp(packet.source)} on without translating their source`, `${instanceId} は ${formatIp(packet.source)} からのパケットを送信元アドレスを変換せずに転送します`),
          mend: `vpcbox exec ${instanceId} -- iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE`,
        },
      };
      return { causes: [], notes: [], untranslated, to: { kind: "device", mac, packet } };
    },
    send: (packet) => ({ causes: [], notes: [], to: { kind: "device", mac, packet: { ...packet, source: packet.source === 0 ? primaryOf(eni) : packet.source } } }),
  };
}
