// Owns how EC2 reads a CIDR block of a network: its form, and the sizes and ranges that a VPC or subnet may have (Amazon VPC user
// guide, "VPC CIDR blocks", "Subnet sizing").

import { canonical, overlaps, parseCidr, type Cidr } from "../lib/ip.ts";
import { must } from "../lib/assert.ts";
import { Ec2Error } from "../wire/error.ts";

/** The block with its host bits cleared, as AWS canonicalizes. @param parameter its name in the refusal */
export function readCidr(text: string, parameter: string): Cidr {
  const block = parseCidr(text);
  if (!block) throw new Ec2Error("InvalidParameterValue", `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`);
  return canonical(block);
}

/** EC2 networks have 16 to 65,536 addresses. */
export const isNetworkSize = (block: Cidr): boolean => block.prefixLength >= 16 && block.prefixLength <= 28;

const reserved: readonly Cidr[] = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"].map((text) => must(parseCidr(text), text));

/** A block that a VPC may have. @throws InvalidVpc.Range */
export function readVpcCidr(text: string): Cidr {
  const block = readCidr(text, "cidrBlock");
  if (!isNetworkSize(block) || reserved.some((range) => overlaps(range, block))) throw new Ec2Error("InvalidVpc.Range", `The CIDR '${text}' is invalid.`);
  return block;
}
