// Owns which ids of this machine a guest's users have (user_namespaces(7)): 65,536 of them, above every range that /etc/subuid
// gives out and below the ids that 32-bit programs take for negative.

const FIRST = 0x70000000, LAST = 0xf0000000, SIZE = 65536;
const SLOTS = (LAST - FIRST) / SIZE;

export interface IdRange { readonly base: number; readonly size: number }

/** Guests of one box differ by their index; boxes begin at different places. */
export function idRange(box: string, index: number): IdRange {
  let hash = 0;
  for (const char of box) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return { base: FIRST + ((hash + index) % SLOTS) * SIZE, size: SIZE };
}
