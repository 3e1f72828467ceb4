// Owns requests to the kernel about links, addresses, routes and rules (rtnetlink(7), veth(4)) of the network namespace that the thread is
// in: what `ip` does, without a program. Synchronous: the kernel has done it when a function returns, or it throws and changed nothing.

import { close, exchange, routeSocket, SystemError } from "./libc.ts";

// Numbers of linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/fib_rules.h.
const NLM_F_REQUEST = 1, NLM_F_ACK = 4, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400, NLMSG_ERROR = 2, NLMSG_HEADER = 16, NLA_F_NESTED = 0x8000;
const NLM_F_ACK_TLVS = 0x200, NLMSGERR_ATTR_MSG = 1;
const RTM_NEWLINK = 16, RTM_DELLINK = 17, RTM_NEWADDR = 20, RTM_NEWROUTE = 24, RTM_NEWRULE = 32, RTM_NEWLINKPROP = 108;
const AF_INET = 2, IFF_UP = 1;
const IFLA_ADDRESS = 1, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_LINKINFO = 18, IFLA_NET_NS_FD = 28, IFLA_PROP_LIST = 52, IFLA_ALT_IFNAME = 53, IFLA_INFO_KIND = 1, IFLA_INFO_DATA = 2, VETH_INFO_PEER = 1;
const IFA_ADDRESS = 1, IFA_LOCAL = 2;
const RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PRIORITY = 6, RTA_TABLE = 15, RTN_UNICAST = 1, RTPROT_BOOT = 3, RT_SCOPE_UNIVERSE = 0, RT_SCOPE_LINK = 253, RT_TABLE_MAIN = 254;
const FRA_SRC = 2, FRA_PRIORITY = 6, FRA_TABLE = 15, FR_ACT_TO_TBL = 1;

/** A veth pair: the outer end is up, the inner one, in the open namespace `innerNetns`, is not yet. */
export interface VethLink { readonly outer: string; readonly inner: string; readonly innerNetns: number; readonly innerMac: string; readonly mtu: number }
/** `to` and `via` as written in `ip route`: a block ("10.0.0.0/8"; none: default) and an address; without `via` it is on the link. */
export interface LinkRoute { readonly to?: string; readonly via?: string; readonly metric?: number; readonly table?: number }
/** What comes from this address asks that table. */
export interface SourceRule { readonly from: string; readonly table: number; readonly priority: number }

export interface RouteRequests {
  addVeth(link: VethLink): void;
  deleteLink(ifindex: number): void;
  setUp(ifindex: number): void;
  /** Another name of it, of up to 127 characters. */
  addName(ifindex: number, name: string): void;
  addAddress(ifindex: number, addressAndPrefix: string): void;
  addRoute(ifindex: number, route: LinkRoute): void;
  addRule(rule: SourceRule): void;
}

/** Runs `fn` with a socket of the thread's network namespace. */
export function withRouteRequests<T>(fn: (requests: RouteRequests) => T): T {
  const fd = routeSocket(), answer = Buffer.alloc(4096);
  const ask = (what: string, type: number, flags: number, ...body: readonly Buffer[]): void => {
    const length = NLMSG_HEADER + body.reduce((sum, part) => sum + part.length, 0), header = Buffer.alloc(NLMSG_HEADER);
    header.writeUInt32LE(length, 0);
    header.writeUInt16LE(type, 4);
    header.writeUInt16LE(NLM_F_REQUEST | NLM_F_ACK | flags, 6);
    checkAnswer(what, answer.subarray(0, exchange(fd, Buffer.concat([header, ...body], length), answer)));
  };
  const create = NLM_F_CREATE | NLM_F_EXCL;
  try {
    return fn({
      addVeth: ({ outer, inner, innerNetns, innerMac, mtu }) => {
        const peer = [linkHeader(0, 0), text(IFLA_IFNAME, inner), u32(IFLA_MTU, mtu), attribute(IFLA_ADDRESS, macBytes(innerMac)), u32(IFLA_NET_NS_FD, innerNetns)];
        ask(`making the link ${outer}`, RTM_NEWLINK, create, linkHeader(0, IFF_UP), text(IFLA_IFNAME, outer), u32(IFLA_MTU, mtu),
          nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, "veth"), nested(IFLA_INFO_DATA, nested(VETH_INFO_PEER, ...peer))));
      },
      deleteLink: (ifindex) => ask(`deleting link ${ifindex}`, RTM_DELLINK, 0, linkHeader(ifindex, 0)),
      setUp: (ifindex) => ask(`bringing up link ${ifindex}`, RTM_NEWLINK, 0, linkHeader(ifindex, IFF_UP)),
      addName: (ifindex, name) => ask(`naming link ${ifindex} ${name}`, RTM_NEWLINKPROP, create, linkHeader(ifindex, 0), nested(IFLA_PROP_LIST, text(IFLA_ALT_IFNAME, name))),
      addAddress: (ifindex, addressAndPrefix) => {
        const { bytes, prefixLength } = block(addressAndPrefix);
        ask(`adding ${addressAndPrefix}`, RTM_NEWADDR, create, Buffer.from([AF_INET, prefixLength, 0, 0, ...u32Bytes(ifindex)]), attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes));
      },
      addRoute: (ifindex, { to = "0.0.0.0/0", via, metric, table = RT_TABLE_MAIN }) => {
        const { bytes, prefixLength } = block(to), scope = via === undefined ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
        ask(`adding the route to ${to}`, RTM_NEWROUTE, create, Buffer.from([AF_INET, prefixLength, 0, 0, table < 256 ? table : 0, RTPROT_BOOT, scope, RTN_UNICAST, 0, 0, 0, 0]),
          ...(prefixLength === 0 ? [] : [attribute(RTA_DST, bytes)]), ...(via === undefined ? [] : [attribute(RTA_GATEWAY, block(via).bytes)]), u32(RTA_OIF, ifindex),
          ...(metric === undefined ? [] : [u32(RTA_PRIORITY, metric)]), u32(RTA_TABLE, table));
      },
      addRule: ({ from, table, priority }) => {
        const { bytes, prefixLength } = block(from);
        ask(`adding the rule for ${from}`, RTM_NEWRULE, create, Buffer.from([AF_INET, 0, prefixLength, 0, table < 256 ? table : 0, 0, 0, FR_ACT_TO_TBL, 0, 0, 0, 0]),
          attribute(FRA_SRC, bytes), u32(FRA_PRIORITY, priority), u32(FRA_TABLE, table));
      },
    });
  } finally {
    close(fd);
  }
}

/** struct nlmsgerr: an error number of 0 is consent; after the request's header there may be words. */
function checkAnswer(what: string, answer: Buffer): void {
  if (answer.readUInt16LE(4) !== NLMSG_ERROR) throw new Error(`${what}: the kernel answered with message ${answer.readUInt16LE(4)}`);
  const errno = -answer.readInt32LE(NLMSG_HEADER);
  if (errno === 0) return;
  let words = "";
  if ((answer.readUInt16LE(6) & NLM_F_ACK_TLVS) !== 0)
    for (let at = NLMSG_HEADER + 4 + NLMSG_HEADER; at + 4 <= answer.length && answer.readUInt16LE(at) >= 4; at += aligned(answer.readUInt16LE(at)))
      if ((answer.readUInt16LE(at + 2) & 0x3fff) === NLMSGERR_ATTR_MSG) words = answer.subarray(at + 4, at + answer.readUInt16LE(at) - 1).toString("utf8");
  throw new SystemError(what, errno, words);
}

const aligned = (length: number): number => (length + 3) & ~3;

/** struct rtattr and its value, padded. */
function attribute(type: number, value: Buffer): Buffer {
  const buffer = Buffer.alloc(aligned(4 + value.length));
  buffer.writeUInt16LE(4 + value.length, 0);
  buffer.writeUInt16LE(type, 2);
  value.copy(buffer, 4);
  return buffer;
}
const nested = (type: number, ...values: readonly Buffer[]): Buffer => attribute(type | NLA_F_NESTED, Buffer.concat(values));
const text = (type: number, value: string): Buffer => attribute(type, Buffer.from(`${value}\0`));
const u32Bytes = (value: number): Buffer => { const buffer = Buffer.alloc(4); buffer.writeUInt32LE(value); return buffer; };
const u32 = (type: number, value: number): Buffer => attribute(type, u32Bytes(value));
const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(":", ""), "hex");

/** struct ifinfomsg. */
function linkHeader(ifindex: number, flags: number): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeInt32LE(ifindex, 4);
  buffer.writeUInt32LE(flags, 8);
  buffer.writeUInt32LE(flags, 12); // those of them that change
  return buffer;
}

/** "10.0.0.10/24"; an address alone is a block of its own. */
function block(written: string): { readonly bytes: Buffer; readonly prefixLength: number } {
  const [address = "", prefixLength = "32"] = written.split("/");
  return { bytes: Buffer.from(address.split(".").map(Number)), prefixLength: Number(prefixLength) };
}
