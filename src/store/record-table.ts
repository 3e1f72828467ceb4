// Owns one kind's records at one revision, immutable. Tables of following revisions share a large map and differ in few changes, so that
// a write among ten thousand records costs what it touches: a copy of such a map takes milliseconds.

import type { Kind, Tables } from "../model/snapshot.ts";

export type RecordOf = Tables[Kind];
/** id -> the record as it is now; undefined: deleted. */
export type Changes = ReadonlyMap<string, RecordOf | undefined>;

const MOST_CHANGES = 256; // beside the map; with more of them it is made anew
const none: Changes = new Map();

export class RecordTable {
  static readonly empty = new RecordTable(new Map());
  readonly #base: ReadonlyMap<string, RecordOf>;
  readonly #changes: Changes;
  readonly #lists = new Map<string | undefined, readonly RecordOf[]>(); // by region; undefined: all

  /** @param records in order of creation */
  constructor(records: ReadonlyMap<string, RecordOf>, changes: Changes = none) {
    this.#base = records;
    this.#changes = changes;
  }

  get(id: string): RecordOf | undefined {
    return this.#changes.has(id) ? this.#changes.get(id) : this.#base.get(id);
  }

  /** In order of creation; the very same array each time. */
  list(region: string | undefined): readonly RecordOf[] {
    let list = this.#lists.get(region);
    if (!list) this.#lists.set(region, (list = region === undefined ? this.#all() : this.list(undefined).filter((record) => record.region === region)));
    return list;
  }

  with(changes: Changes): RecordTable {
    const table = new RecordTable(this.#base, new Map([...this.#changes, ...changes]));
    for (const [region, list] of this.#lists) table.#lists.set(region, changed(list, region, changes, this));
    return table;
  }

  /** The same, quick to read and to change again. */
  settled(): RecordTable {
    if (this.#changes.size <= MOST_CHANGES) return this;
    return new RecordTable(new Map(this.list(undefined).map((record) => [record.id, record])));
  }

  #all(): readonly RecordOf[] {
    if (this.#changes.size === 0) return [...this.#base.values()];
    const all: RecordOf[] = [];
    for (const [id, record] of this.#base) {
      const now = this.#changes.has(id) ? this.#changes.get(id) : record;
      if (now) all.push(now);
    }
    for (const [id, record] of this.#changes) if (record && !this.#base.has(id)) all.push(record);
    return all;
  }
}

/** The list after some changes, without reading the whole table: records keep their places and their region. */
function changed(list: readonly RecordOf[], region: string | undefined, changes: Changes, before: RecordTable): readonly RecordOf[] {
  const ours = [...changes].filter(([id, record]) => region === undefined || (record ?? before.get(id))?.region === region);
  if (ours.length === 0) return list;
  const now = [...list];
  for (const [id, record] of ours) {
    const old = before.get(id);
    const place = old ? now.indexOf(old) : -1;
    if (place >= 0 && record) now[place] = record;
    else if (place >= 0) now.splice(place, 1);
    else if (record) now.push(record);
  }
  return now;
}
