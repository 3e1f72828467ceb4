// Owns answers that are kept as long as what they were made of is the very same: records and lists are immutable, so identity says
// so. An edit among a thousand interfaces then costs what it touches. A kept answer is the same object: whoever asks may go by that.

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export class Remembered<A> {
  #from: readonly unknown[] | undefined;
  #answer: A | undefined;

  /** @param from everything that `make` reads */
  of(from: readonly unknown[], make: () => A): A {
    if (this.#from === undefined || !sameItems(this.#from, from)) {
      this.#answer = make();
      this.#from = from;
    }
    return this.#answer as A;
  }
}

/** One answer for each record. */
export class RememberedEach<R extends object, A> {
  readonly #each = new WeakMap<R, Remembered<A>>();

  of(record: R, from: readonly unknown[], make: () => A): A {
    let one = this.#each.get(record);
    if (!one) this.#each.set(record, (one = new Remembered()));
    return one.of(from, make);
  }
}

/** The last list again when the next has the same items in the same order. */
export class RememberedList<T> {
  #last: readonly T[] = [];
  of(list: readonly T[]): readonly T[] {
    if (!sameItems(this.#last, list)) this.#last = list;
    return this.#last;
  }
}

/** A list's answers, one for each item; made of those alone that are not where they were the last time. The last list of answers again when it has the same. */
export class RememberedMapping<T, A> {
  #items: readonly T[] = [];
  #from: readonly unknown[] = [];
  #answers: readonly A[] = [];

  /** @param from everything but the item that `make` reads */
  of(items: readonly T[], from: readonly unknown[], make: (item: T) => A): readonly A[] {
    const known = sameItems(this.#from, from) ? this.#items : [], answers: A[] = this.#answers.slice(0, items.length);
    let same = items.length === this.#answers.length;
    for (let i = 0; i < items.length; i++) { // no closures: five hundred groups, several times an edit
      if (i < known.length && items[i] === known[i]) continue;
      const answer = make(items[i]!);
      if (answer !== answers[i] || i >= this.#answers.length) same = false;
      answers[i] = answer;
    }
    this.#items = items;
    this.#from = from;
    if (!same) this.#answers = answers;
    return this.#answers;
  }
}

/** The last map again when the next says the same, in whatever order. */
export class RememberedMap<K, V> {
  #last: ReadonlyMap<K, V> = new Map();
  of(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
    const same = map.size === this.#last.size && [...map].every(([key, value]) => this.#last.get(key) === value && this.#last.has(key));
    if (!same) this.#last = map;
    return this.#last;
  }
}
