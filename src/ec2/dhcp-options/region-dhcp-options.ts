// Owns the DHCP option set that a region's new VPCs get (Amazon VPC user guide, "DHCP option sets"): the resolver and the domain
// that AWS gives.

import { privateDomain } from "../../lib/dns-names.ts";
import type { DhcpOptions } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { newRecord, type Maker } from "../new-record.ts";

/** The region's oldest set of exactly these options, made when there is none. */
export function regionDhcpOptions(tx: Transaction, maker: Maker): DhcpOptions {
  const domain = privateDomain(maker.region);
  const found = tx.list("dhcp-options", maker.region).find(({ configurations: c }) =>
    Object.keys(c).length === 2 && c["domain-name"]?.join() === domain && c["domain-name-servers"]?.join() === "AmazonProvidedDNS");
  if (found) return found;
  const made: DhcpOptions = { ...newRecord(tx, maker, "dopt"), configurations: { "domain-name": [domain], "domain-name-servers": ["AmazonProvidedDNS"] } };
  tx.put("dhcp-options", made);
  return made;
}
