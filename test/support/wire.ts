// Owns an API server for tests of the wire: a store in a directory of its own, operations given by the test, and its end.

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureImages } from "../../src/ec2/image/base-images.ts";
import { ensureRegion } from "../../src/ec2/vpc/default-vpc.ts";
import { newId } from "../../src/lib/ids.ts";
import { must } from "../../src/lib/assert.ts";
import { Store } from "../../src/store/store.ts";
import { createDispatch, type DispatchParts } from "../../src/wire/dispatch.ts";
import { operationsIn, type AnyOperation, type Operations } from "../../src/wire/operations.ts";
import { createApi, type ApiOptions } from "../../src/wire/server.ts";
import { openSessions } from "../../src/wire/sessions.ts";

/** "ec2 CreateVpc" -> the operation. */
export type OperationTable = Readonly<Record<string, unknown>>;

export const operationsOf = (table: OperationTable): Operations => ({
  has: (service, name) => Object.hasOwn(table, `${service} ${name}`),
  load: async (service, name) => must(table[`${service} ${name}`], "offered") as AnyOperation,
});

export class WireServer {
  readonly directory: string;
  readonly store: Store;
  /** Revisions that were waited for, in order. */
  readonly applied: number[] = [];
  readonly server: Server;
  port = 0;

  constructor(table: OperationTable, options: { directory?: string; parts?: Partial<DispatchParts>; api?: Partial<ApiOptions> } = {}) {
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), "vpcbox-wire-"));
    this.store = new Store(this.directory);
    const sessions = openSessions(Buffer.alloc(32), (digits) => randomBytes(digits).toString("hex").slice(0, digits));
    const dispatch = createDispatch({
      store: this.store, accountId: "000000000000", architecture: "x86_64", quotas: {}, sessions, now: () => new Date(),
      randomHex: (digits) => randomBytes(digits).toString("hex").slice(0, digits),
      capacity: () => ({ memoryMiB: Infinity, roomForInstances: Infinity }),
      consoleOutput: async () => undefined, ensureRegion: () => {}, applied: async (revision) => void this.applied.push(revision),
      operations: operationsOf(table), ...options.parts,
    });
    this.server = createApi({ dispatch, secrets: (id) => (id === "test" ? "secret" : undefined), strictOutput: true, sessionOf: (id, token) => sessions.read(id, token), ...options.api });
  }

  /** The box's own operations on a state directory, with the records that every region begins with, no limits, and no kernel. */
  static async ofBox(directory?: string, api: Partial<ApiOptions> = {}): Promise<WireServer> {
    const hex = (digits: number): string => randomBytes(digits).toString("hex").slice(0, digits);
    const server = new WireServer({}, { api, ...(directory === undefined ? {} : { directory }), parts: { operations: operationsIn(), applied: async () => undefined, quotas: { all: Infinity } } });
    const deps = { newId: (prefix: string) => newId(prefix, hex), now: new Date(), architecture: "x86_64" as const };
    server.store.write((tx) => { ensureRegion(tx, "us-east-1", deps); ensureImages(tx, "us-east-1", deps); });
    return server.listen();
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(): Promise<this> {
    await once(this.server.listen(0, "127.0.0.1"), "listening");
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }

  /** What the server says to these bytes until it closes, or until `enough`. */
  async raw(bytes: string | Buffer, enough: (text: string) => boolean = () => false): Promise<string> {
    const socket = connect(this.port, "127.0.0.1");
    let text = "";
    return new Promise((resolve, reject) => {
      const done = (): void => {
        socket.destroy();
        resolve(text);
      };
      socket.on("data", (chunk) => {
        text += chunk;
        if (enough(text)) done();
      }).on("end", done).on("error", reject);
      socket.write(bytes);
    });
  }

  /** @param keep the state, for another server to go on with */
  async close(keep = false): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.store.close();
    if (!keep) rmSync(this.directory, { recursive: true, force: true });
  }
}
