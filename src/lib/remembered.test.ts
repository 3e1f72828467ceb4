// Owns the proof that what is remembered of a list is right, and the very same where nothing changed.

import { test } from "node:test";
import assert from "node:assert/strict";
import { RememberedMapping } from "./remembered.ts";

test("a mapping asks again about what is not where it was, and answers with the last list when the answers are the same", () => {
  const mapping = new RememberedMapping<{ readonly n: number }, number>(), asked: number[] = [];
  const of = (items: readonly { readonly n: number }[], from: readonly unknown[] = []): readonly number[] => { asked.length = 0; return mapping.of(items, from, ({ n }) => { asked.push(n); return n * 10; }); };
  const [a, b, c, again] = [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 2 }], first = of([a, b, c]);
  assert.deepEqual([first, asked], [[10, 20, 30], [1, 2, 3]]);
  assert.equal(of([a, b, c]), first);
  assert.deepEqual(asked, []);
  assert.equal(of([a, again, c]), first, "another item, the same answer");
  assert.deepEqual(asked, [2]);
  assert.deepEqual([of([a, c]), asked], [[10, 30], [3]], "one is gone");
  assert.deepEqual([of([c, a, b]), asked], [[30, 10, 20], [3, 1, 2]]);
  assert.deepEqual([of([c, a, b], ["other"]), asked], [[30, 10, 20], [3, 1, 2]], "what else it is made of is another");
  assert.deepEqual([of([]), of([])], [[], []]);
  assert.deepEqual(first, [10, 20, 30], "whoever has a list keeps it");
  const maybe = new RememberedMapping<number, undefined>();
  assert.equal(maybe.of([1], [], () => undefined).length, 1);
  assert.equal(maybe.of([1, 2], [], () => undefined).length, 2, "an answer that is nothing is one");
});
