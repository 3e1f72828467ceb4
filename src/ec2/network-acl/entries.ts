// Owns the entries of a network ACL: how a call's parameters become one, in which order they are kept, and those that every ACL
// ends with (EC2 API reference, CreateNetworkAclEntry; Amazon VPC user guide, "Network ACL rules").

import type * as ec2 from "@aws-sdk/client-ec2";
import { formatCidr } from "../../lib/ip.ts";
import { canonicalProtocol, protocolNumber } from "../../model/protocols.ts";
import type { NetworkAclEntry } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import { readCidr } from "../cidr.ts";
import { refuseUnsupported } from "../unsupported.ts";

const LAST_RULE = 32766;
export const FINAL_RULE = 32767;

const finalDeny = (egress: boolean): NetworkAclEntry => ({ ruleNumber: FINAL_RULE, egress, protocol: "-1", action: "deny", cidrBlock: "0.0.0.0/0" });
/** Shown as `*`: no call changes them. */
export const finalDenies: readonly NetworkAclEntry[] = [finalDeny(true), finalDeny(false)];

/** Egress before ingress, each by rule number: as AWS shows them, and the order in which they are tried. */
export const inOrder = (entries: readonly NetworkAclEntry[]): readonly NetworkAclEntry[] =>
  [...entries].sort((a, b) => Number(b.egress) - Number(a.egress) || a.ruleNumber - b.ruleNumber);

export const isSameRule = (ruleNumber: number, egress: boolean) => (entry: NetworkAclEntry): boolean => entry.ruleNumber === ruleNumber && entry.egress === egress;

export const unknownEntry = (ruleNumber: number): Ec2Error => new Ec2Error("InvalidNetworkAclEntry.NotFound", `The network acl entry identified by ${ruleNumber} does not exist.`);

const invalid = (message: string): Ec2Error => new Ec2Error("InvalidParameterValue", message);

export function readRuleNumber(ruleNumber: number): number {
  if (!Number.isInteger(ruleNumber) || ruleNumber < 1 || ruleNumber > LAST_RULE)
    throw invalid(`Value (${ruleNumber}) for parameter ruleNumber is invalid. Rule numbers must be between 1 and ${LAST_RULE}.`);
  return ruleNumber;
}

type EntryInput = Omit<ec2.CreateNetworkAclEntryRequest, "NetworkAclId" | "DryRun">;

export function readEntry(input: EntryInput): NetworkAclEntry {
  if (input.CidrBlock === undefined && input.Ipv6CidrBlock === undefined) throw new Ec2Error("MissingParameter", "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.");
  if (input.CidrBlock !== undefined && input.Ipv6CidrBlock !== undefined)
    throw new Ec2Error("InvalidParameterCombination", "The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock");
  refuseUnsupported(input, ["Ipv6CidrBlock"]);
  const ruleNumber = readRuleNumber(input.RuleNumber!);
  return {
    ruleNumber, egress: input.Egress!, action: input.RuleAction!, cidrBlock: formatCidr(readCidr(input.CidrBlock!, "cidrBlock")), ...readProtocol(input),
  };
}

/** Protocols come by name or number and are kept as numbers. Ports and types count with TCP, UDP and ICMP alone, as on AWS. */
function readProtocol(input: EntryInput): Pick<NetworkAclEntry, "protocol" | "fromPort" | "toPort" | "icmpType" | "icmpCode"> {
  const canonical = canonicalProtocol(input.Protocol!);
  if (canonical === undefined) throw invalid(`Invalid value '${input.Protocol}' for IP protocol. Unknown protocol.`);
  const protocol = canonical === "-1" ? canonical : String(protocolNumber(canonical));
  if (canonical === "tcp" || canonical === "udp") return { protocol, ...readPortRange(input.PortRange) };
  if (canonical === "icmp" || canonical === "icmpv6") return { protocol, ...readIcmp(input.IcmpTypeCode) };
  return { protocol };
}

function readPortRange(range: ec2.PortRange | undefined): Pick<NetworkAclEntry, "fromPort" | "toPort"> {
  const { From: fromPort, To: toPort } = range ?? {};
  if (fromPort === undefined || toPort === undefined) throw new Ec2Error("MissingParameter", `The request must contain the parameter PortRange.${fromPort === undefined ? "From" : "To"}`);
  const isPort = (n: number): boolean => Number.isInteger(n) && n >= 0 && n <= 65535;
  if (!isPort(fromPort) || !isPort(toPort) || fromPort > toPort) throw invalid(`Invalid TCP/UDP port range (${fromPort}:${toPort})`);
  return { fromPort, toPort };
}

function readIcmp(given: ec2.IcmpTypeCode | undefined): Pick<NetworkAclEntry, "icmpType" | "icmpCode"> {
  const { Type: icmpType, Code: icmpCode } = given ?? {};
  if (icmpType === undefined || icmpCode === undefined) throw new Ec2Error("MissingParameter", `The request must contain the parameter Icmp.${icmpType === undefined ? "Type" : "Code"}`);
  const inRange = (n: number): boolean => Number.isInteger(n) && n >= -1 && n <= 255;
  if (!inRange(icmpType) || !inRange(icmpCode) || (icmpType === -1 && icmpCode !== -1)) throw invalid(`Invalid ICMP type/code (${icmpType}/${icmpCode})`);
  return { icmpType, icmpCode };
}
