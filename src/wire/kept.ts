// Owns parts of answers that stay the same as long as their record is there: they are frozen, so that their XML, which is written once,
// can never say anything else than they do.

import type { Shape } from "./model.ts";

interface Written { shape: Shape; text: string }

const texts = new WeakMap<object, Written | undefined>();

/** The same part, whose text is kept from its first writing on. It must not change any more, and cannot. */
export function kept<T extends object>(part: T): T {
  freeze(part);
  texts.set(part, undefined);
  return part;
}

/** The text of a part as `shape` has it. */
export function textOf(part: object, shape: Shape, write: () => string): string {
  if (!texts.has(part)) return write();
  const before = texts.get(part);
  if (before?.shape === shape) return before.text;
  const text = Buffer.from(write()).toString(); // in one piece, not the many it was put together of
  texts.set(part, { shape, text });
  return text;
}

function freeze(part: object): void {
  Object.freeze(part);
  for (const inner of Object.values(part)) if (typeof inner === "object" && inner !== null && !Object.isFrozen(inner)) freeze(inner);
}
