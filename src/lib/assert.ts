// Owns assertions: what only our own bugs can break. The caller of the API sees InternalError, never this text.

export class AssertionError extends Error {}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The value, which cannot be absent unless vpcbox is wrong. */
export function must<T>(value: T | undefined | null, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
