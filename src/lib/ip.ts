// Owns IPv4 addresses and CIDR blocks as numbers (RFC 791, RFC 4632). Addresses are unsigned 32-bit numbers in host order.

export interface Cidr { readonly address: number; readonly prefixLength: number }

/** "10.0.0.1" -> 167772161; undefined when the text is not a dotted quad. */
export function parseIp(text: string): number | undefined {
  const m = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!m) return undefined;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const part = m[i]!;
    const n = Number(part);
    if (n > 255 || (part.length > 1 && part.startsWith("0"))) return undefined;
    value = value * 256 + n;
  }
  return value;
}

export function formatIp(value: number): string {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

export const maskOf = (prefixLength: number): number => (prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0);
export const sizeOf = (cidr: Cidr): number => 2 ** (32 - cidr.prefixLength);
export const lastOf = (cidr: Cidr): number => cidr.address + sizeOf(cidr) - 1;

/** "10.0.0.0/16" -> block; host bits are kept as written (see `canonical`). undefined when malformed. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseIp(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (address === undefined || !/^(\d|[12]\d|3[0-2])$/.test(bits)) return undefined;
  return { address, prefixLength: Number(bits) };
}

/** The block with its host bits cleared, as EC2 stores it. */
export const canonical = (c: Cidr): Cidr => ({ address: (c.address & maskOf(c.prefixLength)) >>> 0, prefixLength: c.prefixLength });
export const formatCidr = (c: Cidr): string => `${formatIp(c.address)}/${c.prefixLength}`;
export const contains = (c: Cidr, address: number): boolean => ((address & maskOf(c.prefixLength)) >>> 0) === ((c.address & maskOf(c.prefixLength)) >>> 0);
export const overlaps = (a: Cidr, b: Cidr): boolean => (a.prefixLength <= b.prefixLength ? contains(a, b.address) : contains(b, a.address));
export const within = (inner: Cidr, outer: Cidr): boolean => outer.prefixLength <= inner.prefixLength && contains(outer, inner.address);
