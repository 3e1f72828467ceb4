// Owns what a flow log record says of its interface beside the packets (VPC user guide, "Flow log records"): ids, zone, address.

import { must } from "../lib/assert.ts";
import { parseCidr, type Cidr } from "../lib/ip.ts";
import { instanceTypeNamed } from "../ec2/instance-type/types.ts";
import type { FlowLog, NetworkInterface } from "../model/records.ts";
import { zoneIdOf } from "../model/regions.ts";
import { peeredVpcs } from "../model/routing.ts";
import type { Snapshot } from "../model/snapshot.ts";

export interface InterfaceFacts {
  readonly id: string; // eni-...
  readonly vpcId: string;
  readonly subnetId: string;
  readonly instanceId: string | undefined; // none of a requester-managed interface: a NAT gateway's
  readonly region: string;
  readonly zoneId: string;
  readonly primaryAddress: string;
  readonly nitro: boolean; // attached to an instance of that kind
  readonly farBlocks: readonly Cidr[]; // of VPCs that are peered from other regions
}

export function interfaceFacts(snapshot: Snapshot, eni: NetworkInterface): InterfaceFacts {
  const instance = eni.attachment && snapshot.get("instance", eni.attachment.instanceId);
  const far = [...peeredVpcs(snapshot, eni.vpcId)].flatMap((id) => snapshot.get("vpc", id) ?? []).filter((vpc) => vpc.region !== eni.region);
  return {
    id: eni.id, vpcId: eni.vpcId, subnetId: eni.subnetId, instanceId: instance?.id, region: eni.region,
    zoneId: must(zoneIdOf(eni.region, eni.availabilityZone), `zone ${eni.availabilityZone}`),
    primaryAddress: must(eni.privateAddresses[0], "an interface has a primary address").address,
    nitro: instance !== undefined && instanceTypeNamed(instance.instanceType)?.hypervisor === "nitro",
    farBlocks: far.flatMap((vpc) => vpc.cidrAssociations.flatMap((c) => parseCidr(c.cidrBlock) ?? [])),
  };
}

/** How long flows of an interface are put together. On a Nitro instance never longer than a minute, whatever the log asks for (same guide, "Aggregation interval"). */
export const aggregationSeconds = (log: FlowLog, facts: InterfaceFacts): number => (facts.nitro ? 60 : log.maxAggregationIntervalSeconds);
