// Owns the box's public address plan (documentation ranges, RFC 5737): ../contract: instances' public addresses come out of
// 203.0.113.0/24 and 198.51.100.0/24, hosts of the box's internet live in 192.0.2.0/24.

export const publicPools = ["203.0.113.0/24", "198.51.100.0/24"] as const;
export const internetBlock = "192.0.2.0/24";
export const internetGateway = "192.0.2.1"; // the internet as the laptop sees it
export const fabricHop = "192.0.2.254"; // next hop of the public pools: nobody has it, the fabric answers ARP for every address
export const dnsRoot = "192.0.2.53"; // resolver and authority of the box's internet
export const laptopAddress = "192.0.2.200";
/** Hosts by name; each answers ping, and HTTP on port 80. */
export const hosts: Readonly<Record<string, { readonly address: string; readonly icmp: boolean }>> = {
  "ietf.org": { address: "192.0.2.80", icmp: true },
  "www.ietf.org": { address: "192.0.2.80", icmp: true },
  "checkip.amazonaws.com": { address: "192.0.2.81", icmp: true },
  "example.com": { address: "192.0.2.82", icmp: true },
  "no-ping.example.com": { address: "192.0.2.83", icmp: false }, // the guide's last fault: a target that does not answer ICMP
};

/** Where the box's own API answers as AWS's: https://SERVICE.REGION.amazonaws.com and SERVICE.REGION.api.aws. */
export const apiAddress = "192.0.2.90";
export const apiServices = ["ec2", "iam", "sts", "ssm"] as const;

/** Link-local services, reached through the fabric's services port; ENI number n is seen there as base + n. */
export const metadataAddress = "169.254.169.254";
export const resolverAddress = "169.254.169.253";
export const timeAddress = "169.254.169.123";
/** A guest that asked 169.254.x comes from here plus its port number ... */
export const serviceSourceBase = "100.64.0.0";
export const servicesHop = "169.254.0.1"; // next hop of both, as fabricHop
/** ... and one that asked base+2 from here, so that the answer leaves with base+2. Both are /11. */
export const resolverSourceBase = "100.96.0.0";
