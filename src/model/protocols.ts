// Owns protocol names and numbers as EC2 writes them: names for TCP, UDP, ICMP and ICMPv6, numbers as text for all others
// (EC2 API reference, IpPermission; IANA protocol numbers).

const numbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58 };

/** "tcp" -> 6, "47" -> 47; undefined for "-1" (all) and for what is not a protocol. */
export function protocolNumber(name: string): number | undefined {
  if (Object.hasOwn(numbers, name)) return numbers[name];
  return /^(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])$/.test(name) ? Number(name) : undefined;
}

/** As EC2 stores it: "6" and "TCP" become "tcp", "all" becomes "-1"; undefined when it is not a protocol. */
export function canonicalProtocol(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (lower === "-1" || lower === "all") return "-1";
  const number = protocolNumber(lower);
  if (number === undefined) return undefined;
  return Object.keys(numbers).find((name) => numbers[name] === number) ?? String(number);
}
