// Owns the names EC2 gives to addresses (Amazon VPC user guide, "DNS attributes for your VPC"): IP-based private and public names.

/** The domain of private names: "ec2.internal" in us-east-1, "REGION.compute.internal" elsewhere. */
export const privateDomain = (region: string): string => (region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`);
/** The domain of public names. */
export const publicDomain = (region: string): string => (region === "us-east-1" ? "compute-1.amazonaws.com" : `${region}.compute.amazonaws.com`);

/** "10.0.0.10" -> "ip-10-0-0-10.ec2.internal" */
export const privateDnsName = (address: string, region: string): string => `ip-${address.replaceAll(".", "-")}.${privateDomain(region)}`;
/** "203.0.113.10" -> "ec2-203-0-113-10.compute-1.amazonaws.com" */
export const publicDnsName = (address: string, region: string): string => `ec2-${address.replaceAll(".", "-")}.${publicDomain(region)}`;
