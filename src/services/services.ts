// Owns what the daemon serves to guests at link-local addresses: a namespace with these addresses behind the fabric's services
// link, and the sockets in it. The fabric replaces an asker's address by a number, from which askers.ts knows who it is.

import type { Server } from "node:http";
import { join } from "node:path";
import { parseIp } from "../lib/ip.ts";
import { boundSocket } from "../linux/libc.ts";
import { addVethPairs, ipBatch, readLinks } from "../linux/link.ts";
import { createNetns, deleteNetns, inNetns } from "../linux/netns.ts";
import { metadataAddress, resolverAddress } from "../internet/addresses.ts";
import { serveDns } from "../internet/dns-server.ts";
import { createMetadataServer, type MetadataOptions } from "./imds.ts";
import { packetLimit } from "./packet-limit.ts";
import { createResolver } from "./resolver.ts";

const MAC = "02:00:00:00:01:02";
const PACKETS_PER_SECOND = 1024; // of each network interface (Amazon VPC user guide, "DNS quotas")

export interface ServicesOptions extends MetadataOptions { readonly runDir: string }

export interface Services {
  readonly link: { readonly name: string; readonly innerMac: string };
  ensure(): Promise<void>;
  /** Opens the sockets. After ensure(); the internet's namespace is there. */
  listen(): void;
  close(): void;
  remove(): Promise<void>;
}

export function openServices(options: ServicesOptions): Services {
  const netns = (name: string): string => join(options.runDir, "netns", name);
  const path = netns("services");
  const link = { name: "vbservices", innerMac: MAC };
  let dns: { close(): void } | undefined;
  let upstream: { close(): void } | undefined;
  let metadata: Server | undefined;
  return {
    link,
    ensure: async () => {
      createNetns(path);
      if (readLinks(path).has("eth0")) return;
      await ipBatch(path, [metadataAddress, resolverAddress].map((address) => `addr replace ${address}/32 dev lo`));
      addVethPairs(netns("fabric"), [{ outer: link.name, inner: "eth0", innerNetns: path, innerMac: MAC, mtu: 1500, addresses: [], routes: [{ to: "100.64.0.0/10" }] }]);
    },
    listen: () => {
      const resolver = createResolver(options, inNetns(netns("internet"), () => boundSocket("udp", 0, 0)));
      upstream = resolver;
      const address = parseIp(resolverAddress)!;
      const [udp, tcp] = inNetns(path, () => [boundSocket("udp", address, 53), boundSocket("tcp", address, 53)] as const);
      dns = serveDns({ udpFd: udp, tcpFd: tcp, answer: resolver.answer, admit: packetLimit(PACKETS_PER_SECOND) });
      metadata = createMetadataServer(options);
      metadata.listen({ fd: inNetns(path, () => boundSocket("tcp", parseIp(metadataAddress)!, 80)) });
    },
    close: () => {
      dns?.close();
      upstream?.close();
      metadata?.closeAllConnections();
      metadata?.close();
    },
    remove: () => deleteNetns(path),
  };
}
