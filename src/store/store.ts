// Owns the database: the only file that opens it. Every call is one transaction and one revision; what was answered is on disk
// (WAL, synchronous=FULL), so a kill at any moment loses nothing that a client has seen. Snapshots are immutable and in memory.

import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Kind, Snapshot, Tables, Transaction } from "../model/snapshot.ts";
import { RecordTable, type RecordOf } from "./record-table.ts";

type State = ReadonlyMap<Kind, RecordTable>;

const FIRST_INDEX = 16; // numbers below are the box's own ports (datapath/tables.ts)
const SCHEMA_VERSION = 1;

export interface Written<T> { readonly value: T; readonly revision: number; readonly changed: boolean }

/** One answer kept for repeats with the same client token (EC2 API reference, "Ensuring idempotency"). */
export interface TokenRecord { readonly inputHash: string; readonly output: string | undefined }
export interface KeyedTokenRecord extends TokenRecord { readonly region: string; readonly operation: string; readonly token: string }

class MemorySnapshot implements Snapshot {
  readonly revision: number;
  readonly state: State;
  constructor(revision: number, state: State) {
    this.revision = revision;
    this.state = state;
  }
  get<K extends Kind>(kind: K, id: string): Tables[K] | undefined {
    return this.state.get(kind)?.get(id) as Tables[K] | undefined;
  }
  list<K extends Kind>(kind: K, region?: string): readonly Tables[K][] {
    return (this.state.get(kind) ?? RecordTable.empty).list(region) as readonly Tables[K][];
  }
}

class MemoryTransaction implements Transaction {
  readonly revision: number;
  readonly touched = new Map<Kind, Map<string, RecordOf | undefined>>(); // undefined: deleted
  lastIndex: number;
  readonly #base: State;
  constructor(base: MemorySnapshot, lastIndex: number) {
    this.revision = base.revision;
    this.#base = base.state;
    this.lastIndex = lastIndex;
  }
  get<K extends Kind>(kind: K, id: string): Tables[K] | undefined {
    const touched = this.touched.get(kind);
    return (touched?.has(id) ? touched.get(id) : this.#base.get(kind)?.get(id)) as Tables[K] | undefined;
  }
  list<K extends Kind>(kind: K, region?: string): readonly Tables[K][] {
    return this.table(kind).list(region) as readonly Tables[K][];
  }
  put<K extends Kind>(kind: K, record: Tables[K]): void {
    if (this.get(kind, record.id) !== record) this.#touch(kind).set(record.id, record);
  }
  delete(kind: Kind, id: string): void {
    if (this.get(kind, id)) this.#touch(kind).set(id, undefined);
  }
  table(kind: Kind): RecordTable {
    const base = this.#base.get(kind) ?? RecordTable.empty, touched = this.touched.get(kind);
    return touched ? base.with(touched) : base;
  }
  nextIndex(): number {
    return ++this.lastIndex;
  }
  #touch(kind: Kind): Map<string, RecordOf | undefined> {
    let changes = this.touched.get(kind);
    if (!changes) this.touched.set(kind, (changes = new Map()));
    return changes;
  }
}

export class Store {
  readonly #db: DatabaseSync;
  readonly #statements;
  readonly #listeners = new Set<(revision: number) => void>();
  #snapshot: MemorySnapshot;
  #lastIndex: number;

  /** @param directory the box's state directory, made (mode 0700) when absent. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = join(directory, "box.sqlite");
    this.#db = new DatabaseSync(file);
    chmodSync(file, 0o600);
    this.#db.exec("PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE;");
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS records (kind TEXT NOT NULL, id TEXT NOT NULL, idx INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT;
      CREATE TABLE IF NOT EXISTS tokens (region TEXT NOT NULL, operation TEXT NOT NULL, token TEXT NOT NULL, hash TEXT NOT NULL, output TEXT, PRIMARY KEY (region, operation, token)) STRICT;
    `);
    const columns = this.#db.prepare("PRAGMA table_info(tokens)").all() as { name: string }[];
    if (!columns.some((column) => column.name === "at")) this.#db.exec("ALTER TABLE tokens ADD COLUMN at INTEGER NOT NULL DEFAULT 0"); // of an older state: forgotten at the next look
    this.#statements = {
      putMeta: this.#db.prepare("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
      put: this.#db.prepare("INSERT INTO records VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json"),
      delete: this.#db.prepare("DELETE FROM records WHERE kind = ? AND id = ?"),
      recall: this.#db.prepare("SELECT hash, output FROM tokens WHERE region = ? AND operation = ? AND token = ?"),
      remember: this.#db.prepare("INSERT INTO tokens (region, operation, token, hash, output, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"),
    };
    this.#migrate();
    this.#lastIndex = Number(this.meta("lastIndex") ?? FIRST_INDEX - 1);
    this.#snapshot = new MemorySnapshot(Number(this.meta("revision") ?? 0), this.#load());
  }

  #migrate(): void {
    const version = this.meta("schema");
    if (version !== undefined && Number(version) > SCHEMA_VERSION)
      throw new Error(`the state was written by a newer vpcbox (schema ${version}); use that version or another --state directory`);
    if (version === undefined) this.setMeta("schema", String(SCHEMA_VERSION));
  }

  #load(): State {
    const state = new Map<Kind, Map<string, RecordOf>>();
    for (const row of this.#db.prepare("SELECT kind, id, json FROM records ORDER BY idx").iterate()) {
      const { kind, id, json } = row as { kind: Kind; id: string; json: string };
      let table = state.get(kind);
      if (!table) state.set(kind, (table = new Map()));
      table.set(id, JSON.parse(json) as RecordOf);
    }
    return new Map([...state].map(([kind, records]) => [kind, new RecordTable(records)]));
  }

  /** A setting of the box that is not a record: which images were built, what `up` was given. */
  meta(key: string): string | undefined {
    return (this.#db.prepare("SELECT value FROM meta WHERE key = ?").get(key) as { value: string } | undefined)?.value;
  }
  setMeta(key: string, value: string): void {
    this.#statements.putMeta.run(key, value);
  }

  snapshot(): Snapshot {
    return this.#snapshot;
  }

  /**
   * Runs `fn` on a transaction. What it threw goes through and nothing changed; else everything is on disk on return.
   * @param remember an answer to keep for repeats, in the same commit; not asked when nothing changed
   */
  write<T>(fn: (tx: Transaction) => T, remember?: (value: T) => KeyedTokenRecord): Written<T> {
    const tx = new MemoryTransaction(this.#snapshot, this.#lastIndex);
    const value = fn(tx);
    if (tx.touched.size === 0) return { value, revision: this.#snapshot.revision, changed: false };
    const revision = this.#snapshot.revision + 1;
    const kept = remember?.(value);
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      for (const [kind, changes] of tx.touched) for (const [id, record] of changes) {
        if (record) this.#statements.put.run(kind, id, record.index, JSON.stringify(record));
        else this.#statements.delete.run(kind, id);
      }
      if (kept) this.#statements.remember.run(kept.region, kept.operation, kept.token, kept.inputHash, kept.output ?? null, Date.now());
      this.#statements.putMeta.run("revision", String(revision));
      this.#statements.putMeta.run("lastIndex", String(tx.lastIndex));
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
    const state = new Map(this.#snapshot.state);
    for (const kind of tx.touched.keys()) state.set(kind, tx.table(kind).settled());
    this.#lastIndex = tx.lastIndex;
    this.#snapshot = new MemorySnapshot(revision, state);
    for (const listener of this.#listeners) listener(revision);
    return { value, revision, changed: true };
  }

  /** Called after every commit, synchronously: the reconciler is poked, it decides what to do. */
  onWrite(listener: (revision: number) => void): void {
    this.#listeners.add(listener);
  }

  recall(region: string, operation: string, token: string): TokenRecord | undefined {
    const row = this.#statements.recall.get(region, operation, token) as { hash: string; output: string | null } | undefined;
    return row && { inputHash: row.hash, output: row.output ?? undefined };
  }

  /** Answers that were kept before that time are kept no longer: a repeat is a new call. */
  forgetTokens(before: Date): void {
    this.#db.prepare("DELETE FROM tokens WHERE at < ?").run(before.getTime());
  }

  /** Every record goes, numbers and the revision do not start again: what is in the kernel can never be mistaken. */
  wipe(): void {
    this.write((tx) => {
      for (const [kind, table] of this.#snapshot.state) for (const record of table.list(undefined)) tx.delete(kind, record.id);
    });
    this.#db.exec("DELETE FROM tokens");
  }

  close(): void {
    this.#db.close();
  }
}
