// Owns a record's text (VPC user guide, "Flow log records", "Available fields"). What does not apply or is not known is "-". An interface's
// own end is always shown by its primary address; the packet's addresses are pkt-srcaddr and pkt-dstaddr.

import { contains, formatIp, parseCidr, parseIp } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { flowLogFields, readFlowLogFormat } from "../model/flow-log-format.ts";
import type { FlowAccount } from "../datapath/flow-accounts.ts";
import { apiAddress, hosts, publicPools } from "../internet/addresses.ts";
import type { InterfaceFacts } from "./interface-facts.ts";

/** A record without a flow: nothing came, or something was not written down. */
export interface Gap { readonly status: "NODATA" | "SKIPDATA"; readonly startMs: number; readonly endMs: number }
type Field = (facts: InterfaceFacts, of: { readonly flow: FlowAccount | undefined; readonly gap: Gap | undefined; readonly accountId: string; readonly version: number }) => string | number | undefined;

const PATH_PEERING = 4, PATH_FAR_PEERING = 5, PATH_INTERNET = 8, PATH_INTERNET_OF_XEN = 2;
const pools = publicPools.map((text) => must(parseCidr(text), text));
const amazon = [apiAddress, hosts["checkip.amazonaws.com"]!.address].map((text) => must(parseIp(text), text));

/** The subset of AWS's public ranges that an address is in, as the box has them: instances' public addresses, and hosts of Amazon's. */
function awsService(address: number): string | undefined {
  if (pools.some((pool) => contains(pool, address))) return "EC2";
  return amazon.includes(address) ? "AMAZON" : undefined;
}

function trafficPath({ nitro, instanceId, farBlocks }: InterfaceFacts, flow: FlowAccount): number | undefined {
  if (!flow.egress || flow.path === 0) return undefined;
  if (flow.path === PATH_PEERING && farBlocks.some((block) => contains(block, flow.destination))) return PATH_FAR_PEERING;
  return flow.path === PATH_INTERNET && instanceId !== undefined && !nitro ? PATH_INTERNET_OF_XEN : flow.path;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
const nothing: Field = () => undefined;
const fields: Readonly<Record<string, Field>> = {
  "version": (_, { version }) => version,
  "account-id": (_, { accountId }) => accountId,
  "interface-id": (facts) => facts.id,
  "srcaddr": (facts, { flow }) => flow && (flow.egress ? facts.primaryAddress : formatIp(flow.source)),
  "dstaddr": (facts, { flow }) => flow && (flow.egress ? formatIp(flow.destination) : facts.primaryAddress),
  "srcport": (_, { flow }) => flow?.sourcePort,
  "dstport": (_, { flow }) => flow?.destinationPort,
  "protocol": (_, { flow }) => flow?.protocol,
  "packets": (_, { flow }) => flow?.packets,
  "bytes": (_, { flow }) => flow?.bytes,
  "start": (_, { flow, gap }) => seconds(flow?.firstMs ?? gap!.startMs),
  "end": (_, { flow, gap }) => seconds(flow?.lastMs ?? gap!.endMs),
  "action": (_, { flow }) => flow && (flow.rejected ? "REJECT" : "ACCEPT"),
  "log-status": (_, { gap }) => gap?.status ?? "OK",
  "vpc-id": (facts) => facts.vpcId,
  "subnet-id": (facts) => facts.subnetId,
  "instance-id": (facts) => facts.instanceId,
  "tcp-flags": (_, { flow }) => flow?.tcpFlags,
  "type": (_, { flow }) => flow && "IPv4",
  "pkt-srcaddr": (_, { flow }) => flow && formatIp(flow.source),
  "pkt-dstaddr": (_, { flow }) => flow && formatIp(flow.destination),
  "region": (facts) => facts.region,
  "az-id": (facts) => facts.zoneId,
  "sublocation-type": nothing, // no Local Zone, Outpost or Wavelength
  "sublocation-id": nothing,
  "pkt-src-aws-service": (_, { flow }) => flow && awsService(flow.source),
  "pkt-dst-aws-service": (_, { flow }) => flow && awsService(flow.destination),
  "flow-direction": (_, { flow }) => flow && (flow.egress ? "egress" : "ingress"),
  "traffic-path": (facts, { flow }) => flow && trafficPath(facts, flow),
  // Of ECS, of VPC Block Public Access, of regional NAT gateways, of encryption controls: none is here.
  ...Object.fromEntries(Object.keys(flowLogFields).filter((name) => name.startsWith("ecs-")).map((name) => [name, nothing])),
  "reject-reason": nothing, "resource-id": nothing, "encryption-status": nothing,
};

export interface LineWriter {
  /** The fields' names: the first line of a file. */
  readonly header: string;
  line(facts: InterfaceFacts, record: FlowAccount | Gap): string;
}

/** @param format "${srcaddr} ${dstaddr} ..." */
export function lineWriter(format: string, accountId: string): LineWriter {
  const names = must(readFlowLogFormat(format), "a flow log's format was read when it was made");
  const version = Math.max(...names.map((name) => flowLogFields[name]!), 2);
  const chosen = names.map((name) => must(fields[name], `field ${name}`));
  return {
    header: names.join(" "),
    line: (facts, record) => {
      const of = "status" in record ? { flow: undefined, gap: record, accountId, version } : { flow: record, gap: undefined, accountId, version };
      return chosen.map((field) => field(facts, of) ?? "-").join(" ");
    },
  };
}
