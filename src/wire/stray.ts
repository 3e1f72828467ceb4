// Owns finding members in an operation's output that its model does not have: TypeScript lets them through where an object is not
// written out at the return, and they would be lost without a word.

import type { Shape } from "./model.ts";

/** The path of the first such member. */
export function strayMember(shape: Shape, value: unknown, path = ""): string | undefined {
  if (value === undefined || value === null || typeof value !== "object") return undefined;
  if (shape.kind === "list") {
    for (const item of value as readonly unknown[]) {
      const found = strayMember(shape.item!.shape, item, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (shape.kind !== "struct" && shape.kind !== "unit") return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const at = path === "" ? name : `${path}.${name}`;
    const member = shape.members.find((m) => m.name === name);
    if (!member && inner !== undefined) return at;
    const found = member && strayMember(member.shape, inner, at);
    if (found !== undefined) return found;
  }
  return undefined;
}
