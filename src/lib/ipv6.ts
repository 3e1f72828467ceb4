// Owns IPv6 blocks as text, in the one form that RFC 5952 recommends. No IPv6 packet moves in a box: rules keep and show them.

import { parseIp } from "./ip.ts";

/** "2001:DB8::1/32" -> "2001:db8::/32", host bits cleared; undefined when malformed. */
export function canonicalIpv6Cidr(text: string): string | undefined {
  const m = /^([0-9a-fA-F:.]+)\/(\d|[1-9]\d|1[01]\d|12[0-8])$/.exec(text);
  const groups = m && parseGroups(m[1]!);
  if (!groups) return undefined;
  const bits = Number(m[2]);
  const masked = groups.map((g, i) => {
    const kept = Math.min(16, Math.max(0, bits - i * 16));
    return g & ((0xffff << (16 - kept)) & 0xffff);
  });
  return `${formatGroups(masked)}/${bits}`;
}

/** Eight numbers of 16 bits. */
function parseGroups(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const parts = halves.map((half) => (half === "" ? [] : half.split(":").flatMap(readPart)));
  if (parts.flat().includes(-1)) return undefined;
  const [left = [], right = []] = parts;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1) return missing === 0 ? left : undefined;
  return missing >= 1 ? [...left, ...Array<number>(missing).fill(0), ...right] : undefined;
}

function readPart(part: string, at: number, all: readonly string[]): number[] {
  const v4 = at === all.length - 1 && part.includes(".") ? parseIp(part) : undefined;
  if (v4 !== undefined) return [v4 >>> 16, v4 & 0xffff];
  return [/^[0-9a-fA-F]{1,4}$/.test(part) ? parseInt(part, 16) : -1];
}

/** The longest run of two zeros or more is left out, the first of equals. */
function formatGroups(groups: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > length) [start, length] = [i, n];
  }
  const hex = (part: readonly number[]): string => part.map((g) => g.toString(16)).join(":");
  return start < 0 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}
