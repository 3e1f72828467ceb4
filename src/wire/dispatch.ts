// Owns the call of an operation: the Context it gets, DryRun, idempotency by ClientToken, and waiting until what it wrote is in the
// kernel (EC2 API reference, "Ensuring idempotency"; operation.ts has the promises to the operations).

import { createHash } from "node:crypto";
import { assert } from "../lib/assert.ts";
import { newId } from "../lib/ids.ts";
import type { Snapshot, Transaction } from "../model/snapshot.ts";
import { Ec2Error } from "./error.ts";
import { readKeptJson, toJson } from "./json.ts";
import type { OperationShape, ServiceName } from "./model.ts";
import type { Context } from "./operation.ts";
import { quotaOf } from "./quotas.ts";
import type { Principal, Sessions } from "./sessions.ts";
import { operationsIn, type AnyOperation, type Operations } from "./operations.ts";

/** The answer to a call with a client token: kept with what the call wrote, in one commit. */
export interface TokenRecord { readonly inputHash: string; readonly output: string | undefined }
export interface KeyedTokenRecord extends TokenRecord { readonly region: string; readonly operation: string; readonly token: string }

/** What the wire needs of the store (store/store.ts). */
export interface CallStore {
  snapshot(): Snapshot;
  /** @param remember what to keep for repeats of the call, committed with the write; not asked when nothing changed */
  write<T>(fn: (tx: Transaction) => T, remember?: (value: T) => KeyedTokenRecord): { readonly value: T; readonly revision: number; readonly changed: boolean };
  recall(region: string, operation: string, token: string): TokenRecord | undefined;
}

export interface DispatchParts {
  readonly store: CallStore;
  readonly accountId: string;
  readonly architecture: "x86_64" | "arm64";
  readonly sessions: Sessions;
  /** Quotas that are not AWS's defaults; "all" stands for every one that is not named. */
  readonly quotas: Readonly<Record<string, number>>;
  now(): Date;
  randomHex(digits: number): string;
  capacity(): { readonly memoryMiB: number; readonly roomForInstances: number };
  consoleOutput(instanceId: string): Promise<{ text: string; at: Date } | undefined>;
  /** Makes the region's default VPC and images, unless they are there. */
  ensureRegion(region: string): Promise<void> | void;
  /** Resolves when the kernel has this revision. */
  applied(revision: number): Promise<void>;
  readonly operations?: Operations;
}

export interface Call {
  readonly service: ServiceName;
  readonly shape: OperationShape;
  readonly region: string;
  readonly accessKeyId: string;
  readonly principal?: Principal | undefined; // of temporary credentials
  readonly requestId: string;
  readonly input: Record<string, unknown>;
}

export interface Dispatch {
  /** Whether the box offers the operation at all. */
  has(service: ServiceName, operation: string): boolean;
  /** The operation's output. Throws Ec2Error for the caller, anything else is a bug. */
  run(call: Call): Promise<object>;
}

const dryRunDone = (): Ec2Error => new Ec2Error("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412);
const MAX_TOKEN_LENGTH = 64;

export function createDispatch(parts: DispatchParts): Dispatch {
  const operations = parts.operations ?? operationsIn();
  return {
    has: (service, operation) => operations.has(service, operation),
    run: async (call) => {
      const operation = await operations.load(call.service, call.shape.name);
      await parts.ensureRegion(call.region);
      if (call.input.DryRun === true) return runDry(parts, operation, call);
      const token = call.input.ClientToken;
      return typeof token === "string" && token !== "" ? runOnce(parts, operation, call, token) : runPlainly(parts, operation, call);
    },
  };
}

async function runPlainly(parts: DispatchParts, operation: AnyOperation, call: Call): Promise<object> {
  let revision: number | undefined;
  const ctx = contextOf(parts, call, () => parts.store.snapshot(), (fn) => {
    const written = parts.store.write(fn);
    if (written.changed) revision = written.revision;
    return written.value;
  });
  const output = await operation(call.input, ctx);
  if (revision !== undefined) await parts.applied(revision);
  return output ?? {};
}

/** Everything is checked and put, and then thrown away. */
async function runDry(parts: DispatchParts, operation: AnyOperation, call: Call): Promise<never> {
  const ctx = contextOf(parts, call, () => parts.store.snapshot(), (fn) => parts.store.write((tx) => {
    fn(tx);
    throw dryRunDone();
  }).value);
  await operation(call.input, ctx);
  throw dryRunDone(); // it only reads
}

/**
 * The whole operation runs inside one transaction, so that its output is known when that commits and is kept by the same commit:
 * after a crash at any moment a repeat finds either both or neither.
 */
async function runOnce(parts: DispatchParts, operation: AnyOperation, call: Call, token: string): Promise<object> {
  const { region, shape } = call;
  if (token.length > MAX_TOKEN_LENGTH) throw new Ec2Error("InvalidParameterValue", `Invalid value '${token.slice(0, 100)}' for clientToken. It may have ${MAX_TOKEN_LENGTH} characters.`);
  const inputHash = createHash("sha256").update(JSON.stringify({ ...toJson(shape.input, call.input) as object, ClientToken: undefined })).digest("hex");
  const before = parts.store.recall(region, shape.name, token);
  if (before) {
    if (before.inputHash !== inputHash) throw new Ec2Error("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).");
    assert(before.output !== undefined, "a kept answer has its output");
    await parts.applied(parts.store.snapshot().revision); // the first call may still be waiting for the kernel
    return shape.output.kind === "unit" ? {} : readKeptJson(shape.output, JSON.parse(before.output));
  }
  const written = parts.store.write((tx) => {
    const output = operation(call.input, contextOf(parts, call, () => tx, (fn) => fn(tx)));
    assert(!(output instanceof Promise), `${shape.name} takes a client token and is not asynchronous`);
    return output ?? {};
  }, (output) => ({ region, operation: shape.name, token, inputHash, output: JSON.stringify(toJson(shape.output, output)) }));
  if (written.changed) await parts.applied(written.revision);
  return written.value;
}

function contextOf(parts: DispatchParts, call: Call, snapshot: () => Snapshot, write: Context["write"]): Context {
  return {
    region: call.region, accountId: parts.accountId, accessKeyId: call.accessKeyId, requestId: call.requestId, architecture: parts.architecture,
    caller: call.principal ?? { arn: `arn:aws:iam::${parts.accountId}:root`, userId: parts.accountId },
    temporary: call.principal !== undefined,
    issueSession: (principal, expiresAt) => parts.sessions.issue(principal, expiresAt),
    quota: (name) => quotaOf(parts.quotas, name),
    now: parts.now,
    randomHex: parts.randomHex,
    newId: (prefix) => newId(prefix, parts.randomHex),
    snapshot,
    write,
    capacity: parts.capacity,
    consoleOutput: parts.consoleOutput,
  };
}
