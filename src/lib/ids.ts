// Owns the form of identifiers. EC2's: prefix, dash, 17 hexadecimal digits (8 in old resources; both are accepted on input).

/** "vpc" -> "vpc-0" and 16 random hexadecimal digits, as AWS's long ids begin. */
export function newId(prefix: string, randomHex: (digits: number) => string): string {
  return `${prefix}-0${randomHex(16)}`;
}

/** "AROA" -> an id of IAM's form: the prefix and 17 of A-Z and 2-7; access keys have 16. */
export function newIamId(prefix: string, randomHex: (digits: number) => string, length = 17): string {
  const bytes = randomHex(length * 2).match(/../g)!;
  return prefix + bytes.map((byte) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[parseInt(byte, 16) % 32]).join("");
}

export function isId(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}-`) && /^([0-9a-f]{8}|[0-9a-f]{17})$/.test(text.slice(prefix.length + 1));
}
