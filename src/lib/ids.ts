// Owns the form of EC2 identifiers: prefix, dash, 17 hexadecimal digits (8 in old resources; both are accepted on input).

/** "vpc" -> "vpc-0" and 16 random hexadecimal digits, as AWS's long ids begin. */
export function newId(prefix: string, randomHex: (digits: number) => string): string {
  return `${prefix}-0${randomHex(16)}`;
}

export function isId(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}-`) && /^([0-9a-f]{8}|[0-9a-f]{17})$/.test(text.slice(prefix.length + 1));
}
