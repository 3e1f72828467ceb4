// Owns the box's own internet: a namespace of hosts with names and public addresses, one of a host that answers no ping, and the
// user's laptop, all sealed: no route leads out of them but to the fabric. Addresses are in addresses.ts.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ipBatch, readLinks } from "../linux/link.ts";
import { createNetns, deleteNetns, inNetns } from "../linux/netns.ts";
import { apiAddress, dnsRoot, fabricHop, hosts, internetGateway, laptopAddress, publicPools } from "./addresses.ts";
import { openLaptop } from "./laptop.ts";
import { openServerProcess } from "./server-process.ts";

const UPLINK = { name: "uplink", mac: "02:00:00:00:01:01" };
const MTU = 1500;

export interface Internet {
  /** The outer end in the fabric namespace, and the MAC address of the inner one. */
  readonly link: { readonly name: string; readonly innerMac: string };
  /** Makes what is not there of its network. The fabric namespace is. */
  ensure(): Promise<void>;
  /** Starts its servers unless they run; who asks from now on waits for them, and is answered. */
  serve(): Promise<void>;
  /** Ends the servers and takes everything away, also what a dead daemon left. */
  remove(): Promise<void>;
  /** Whether the servers run. */
  running(): boolean;
  /** See Laptop.argv. */
  laptopArgv(command: readonly string[]): string[];
}

/** @param options.runDir its netns/ holds the namespaces: fabric is another's; internet, laptop and silent are made here */
export function openInternet(options: { readonly box: string; readonly runDir: string }): Internet {
  const netns = (name: string): string => join(options.runDir, "netns", name);
  const link = { name: "vbinternet", innerMac: UPLINK.mac };
  const servers = openServerProcess({ runDir: options.runDir, internetNetns: netns("internet"), silentNetns: netns("silent") });
  const laptop = openLaptop(options.runDir, netns("laptop"));
  const leaves = [
    { name: "laptop", address: laptopAddress, mac: "02:00:00:00:01:03" },
    { name: "silent", address: silentHost(), mac: "02:00:00:00:01:04" },
  ];

  const ensureNetwork = async (): Promise<void> => {
    for (const name of ["internet", "laptop", "silent"]) createNetns(netns(name));
    for (const key of ["ip_forward=1", "conf/all/send_redirects=0", "conf/default/send_redirects=0"]) setIpv4(netns("internet"), key);
    setIpv4(netns("silent"), "icmp_echo_ignore_all=1");

    const there = readLinks(netns("internet"));
    const uplink = there.has(UPLINK.name) ? [] : [veth(link.name, UPLINK.name, netns("internet"), UPLINK.mac)];
    await ipBatch(netns("fabric"), [...uplink, `link set ${link.name} up`]);
    await ipBatch(netns("internet"), [
      ...[internetGateway, dnsRoot, apiAddress, ...pingableHosts()].map((address) => `addr replace ${address}/32 dev lo`),
      `link set ${UPLINK.name} up`,
      // By one hop, not each by ARP of its own: the kernel's neighbour table is shared by the whole machine.
      ...publicPools.map((pool) => `route replace ${pool} via ${fabricHop} dev ${UPLINK.name} onlink`),
      ...leaves.flatMap((leaf) => [
        ...(there.has(leaf.name) ? [] : [veth(leaf.name, "eth0", netns(leaf.name), leaf.mac)]),
        `link set ${leaf.name} up`,
        `route replace ${leaf.address}/32 dev ${leaf.name}`,
      ]),
    ]);
    await Promise.all(leaves.map((leaf) => ipBatch(netns(leaf.name), [
      `addr replace ${leaf.address}/32 dev eth0`,
      "link set eth0 up",
      `route replace default via ${internetGateway} dev eth0 onlink`,
    ])));
  };

  return {
    link,
    ensure: async () => {
      laptop.ensureFiles();
      await ensureNetwork();
    },
    serve: () => servers.ensure(),
    remove: async () => {
      await servers.end();
      for (const name of ["silent", "laptop", "internet"]) await deleteNetns(netns(name));
      laptop.removeFiles();
    },
    running: () => servers.running(),
    laptopArgv: (command) => laptop.argv(command),
  };
}

const veth = (outer: string, inner: string, innerNetns: string, mac: string): string =>
  `link add name ${outer} mtu ${MTU} type veth peer name ${inner} netns ${innerNetns} address ${mac} mtu ${MTU}`;

const pingableHosts = (): string[] => [...new Set(Object.values(hosts).filter((host) => host.icmp).map((host) => host.address))];
/** The one that does not answer ICMP: the setting is a namespace's, so it has one of its own. */
function silentHost(): string {
  const addresses = new Set(Object.values(hosts).filter((host) => !host.icmp).map((host) => host.address));
  if (addresses.size !== 1) throw new Error("the internet has one silent host");
  return [...addresses][0]!;
}

/** @param setting "key=value" under /proc/sys/net/ipv4 */
function setIpv4(path: string, setting: string): void {
  const [key, value] = setting.split("=") as [string, string];
  inNetns(path, () => writeFileSync(`/proc/sys/net/ipv4/${key}`, value));
}
