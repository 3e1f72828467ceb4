// Owns answers that are kept as long as what they were made of is the very same: records and lists are immutable, so identity says
// so. An edit among a thousand interfaces then costs what it touches. A kept answer is the same object: whoever asks may go by that.

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean => a === b || (a.length === b.length && a.every((item, i) => item === b[i]));

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

/** The last map again when the next says the same, in whatever order. */
export class RememberedMap<K, V> {
  #last: ReadonlyMap<K, V> = new Map();
  of(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
    const same = map.size === this.#last.size && [...map].every(([key, value]) => this.#last.get(key) === value && this.#last.has(key));
    if (!same) this.#last = map;
    return this.#last;
  }
}
