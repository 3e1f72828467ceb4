// Owns what a VPC's DHCP option set tells its guests (Amazon VPC user guide, "DHCP option sets"). AmazonProvidedDNS stands for the
// resolver at base+2, as far as the VPC has DNS support.

import { formatIp, parseCidr } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import type { Vpc } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

export interface DhcpSettings {
  readonly nameservers: readonly string[];
  readonly domainName?: string | undefined;
  readonly ntpServers: readonly string[];
}

export function dhcpSettings(snapshot: Snapshot, vpc: Vpc): DhcpSettings {
  const options = snapshot.get("dhcp-options", vpc.dhcpOptionsId)?.configurations ?? {};
  const block = must(parseCidr(must(vpc.cidrAssociations[0], "a VPC has a block").cidrBlock), "a VPC's block parses");
  return {
    nameservers: (options["domain-name-servers"] ?? []).flatMap((server) => (server !== "AmazonProvidedDNS" ? [server] : vpc.enableDnsSupport ? [formatIp(block.address + 2)] : [])),
    domainName: options["domain-name"]?.[0],
    ntpServers: options["ntp-servers"] ?? [],
  };
}
