// Owns a Context without disk, clock or chance, and a small network of records, for the unit tests of instance-side operations:
// a VPC 10.0.0.0/16 with a public and a private subnet, a gateway, groups `default` and `web`, the region's images, a default VPC.

import assert from "node:assert/strict";
import { ensureImages } from "../../src/ec2/image/base-images.ts";
import { newId } from "../../src/lib/ids.ts";
import { instanceStarted } from "../../src/model/lifecycle.ts";
import type { Kind, Snapshot, Tables, Transaction } from "../../src/model/snapshot.ts";
import type { Context } from "../../src/wire/operation.ts";
import { quotaOf } from "../../src/wire/quotas.ts";
import { openSessions } from "../../src/wire/sessions.ts";

type Rows = Map<Kind, Map<string, Tables[Kind]>>;

export interface MemoryContext extends Context {
  /** Moves the clock. */
  advance(ms: number): void;
  readonly console: Map<string, string>;
}

interface Capacity { readonly memoryMiB: number; readonly roomForInstances: number }

export function memoryContext(options: { quotas?: Record<string, number>; region?: string; capacity?: Capacity } = {}): MemoryContext {
  let rows: Rows = new Map();
  let index = 15;
  let revision = 0;
  let seed = 1;
  let now = Date.parse("2026-11-23T10:00:00.000Z");
  const view = (state: Rows): Snapshot => ({
    revision,
    get: <K extends Kind>(kind: K, id: string) => state.get(kind)?.get(id) as Tables[K] | undefined,
    list: <K extends Kind>(kind: K, region?: string) => [...(state.get(kind)?.values() ?? [])].filter((r) => region === undefined || r.region === region) as Tables[K][],
  });
  const randomHex = (digits: number): string => {
    let text = "";
    while (text.length < digits) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      text += (seed >>> 8).toString(16).padStart(6, "0");
    }
    return text.slice(0, digits);
  };
  const console = new Map<string, string>();
  const sessions = openSessions(Buffer.alloc(32), randomHex);
  return {
    region: options.region ?? "us-east-1", accountId: "000000000000", accessKeyId: "test", requestId: "request", architecture: "x86_64", console,
    caller: { arn: "arn:aws:iam::000000000000:root", userId: "000000000000" },
    temporary: false,
    issueSession: (principal, expiresAt) => sessions.issue(principal, expiresAt),
    quota: (name) => quotaOf({ all: Infinity, ...options.quotas }, name),
    now: () => new Date(now),
    advance: (ms) => { now += ms; },
    randomHex,
    newId: (prefix) => newId(prefix, randomHex),
    snapshot: () => view(rows),
    write: (fn) => {
      const next: Rows = new Map([...rows].map(([kind, table]) => [kind, new Map(table)]));
      const tx: Transaction = {
        ...view(next),
        put: (kind, record) => { if (!next.has(kind)) next.set(kind, new Map()); next.get(kind)!.set(record.id, record); },
        delete: (kind, id) => { next.get(kind)?.delete(id); },
        nextIndex: () => ++index,
      };
      const value = fn(tx);
      rows = next;
      revision++;
      return value;
    },
    capacity: () => options.capacity ?? { memoryMiB: Infinity, roomForInstances: Infinity },
    consoleOutput: async (id) => { const text = console.get(id); return text === undefined ? undefined : { text, at: new Date(now) }; },
  };
}

export interface SmallNetwork {
  readonly ctx: MemoryContext;
  readonly vpc: string;
  readonly publicSubnet: string;
  readonly privateSubnet: string;
  readonly gateway: string;
  readonly defaultGroup: string;
  readonly webGroup: string;
  readonly image: string;
}

export function smallNetwork(options: { quotas?: Record<string, number>; capacity?: Capacity } = {}): SmallNetwork {
  const ctx = memoryContext(options);
  const base = (prefix: string, tx: Transaction): { id: string; region: string; index: number; tags: {}; createdAt: string } =>
    ({ id: ctx.newId(prefix), region: ctx.region, index: tx.nextIndex(), tags: {}, createdAt: ctx.now().toISOString() });
  return ctx.write((tx) => {
    const vpcOf = (cidrBlock: string, isDefault: boolean): string => {
      const vpc = { ...base("vpc", tx), cidrAssociations: [{ associationId: ctx.newId("vpc-cidr-assoc"), cidrBlock }], isDefault, instanceTenancy: "default", dhcpOptionsId: "default", enableDnsSupport: true, enableDnsHostnames: isDefault };
      tx.put("vpc", vpc);
      return vpc.id;
    };
    const subnetOf = (vpcId: string, cidrBlock: string, availabilityZone: string, isDefault: boolean): string => {
      const subnet = { ...base("subnet", tx), vpcId, cidrBlock, availabilityZone, defaultForAz: isDefault, mapPublicIpOnLaunch: isDefault };
      tx.put("subnet", subnet);
      return subnet.id;
    };
    const groupOf = (vpcId: string, name: string): string => {
      const group = { ...base("sg", tx), vpcId, name, description: name, rules: [] };
      tx.put("security-group", group);
      return group.id;
    };
    const gatewayOf = (vpcId: string): string => {
      const gateway = { ...base("igw", tx), vpcId };
      tx.put("internet-gateway", gateway);
      return gateway.id;
    };
    const home = vpcOf("172.31.0.0/16", true);
    subnetOf(home, "172.31.0.0/20", "us-east-1a", true);
    subnetOf(home, "172.31.16.0/20", "us-east-1b", true);
    groupOf(home, "default");
    gatewayOf(home);
    const vpc = vpcOf("10.0.0.0/16", false);
    const network = {
      ctx, vpc, publicSubnet: subnetOf(vpc, "10.0.0.0/24", "us-east-1a", false), privateSubnet: subnetOf(vpc, "10.0.1.0/28", "us-east-1a", false), gateway: gatewayOf(vpc),
      defaultGroup: groupOf(vpc, "default"), webGroup: groupOf(vpc, "web"),
    };
    ensureImages(tx, ctx.region, { now: ctx.now(), newId: ctx.newId, architecture: ctx.architecture });
    return { ...network, image: tx.list("image", ctx.region)[0]!.id };
  });
}

/** What the reconciler does when a guest's init runs. */
export function boot(ctx: Context, ...instanceIds: readonly string[]): void {
  ctx.write((tx) => { for (const id of instanceIds) instanceStarted(tx, id, ctx.now()); });
}

/** The call is refused with this code, in these words, and changes nothing. */
export async function refused(ctx: Context, call: () => unknown, code: string, words: RegExp | string = /./): Promise<void> {
  const before = ctx.snapshot();
  await assert.rejects(async () => { await call(); }, (error: { code?: string; message: string }) => {
    assert.equal(error.code, code, `${error.code}: ${error.message}`);
    if (typeof words === "string") assert.equal(error.message, words);
    else assert.match(error.message, words);
    return true;
  });
  assert.equal(ctx.snapshot().revision, before.revision, "a refused call changes nothing");
}
