// Owns what an operation is and what it is given. An operation's file is the operation: src/<service>/<resource>/<operation>.ts
// (kebab-case of its name) exports one constant in camelCase, e.g. src/ec2/vpc/create-vpc.ts exports `createVpc`.

import type { Snapshot, Transaction } from "../model/snapshot.ts";
import type { Principal, SessionCredentials } from "./sessions.ts";

type Ec2 = typeof import("@aws-sdk/client-ec2");
type Iam = typeof import("@aws-sdk/client-iam");
type Sts = typeof import("@aws-sdk/client-sts");
type Ssm = typeof import("@aws-sdk/client-ssm");
type AnyCommand<I, O> = new (input: never) => { input: I; resolveMiddleware(s: never, c: never, o: never): (a: never) => Promise<{ output: O }> };
type OpName<M> = { [K in keyof M]: K extends `${infer N}Command` ? (M[K] extends AnyCommand<unknown, unknown> ? N : never) : never }[keyof M];
type Cmd<M, N extends string> = M[`${N}Command` & keyof M];
type In<M, N extends string> = Cmd<M, N> extends AnyCommand<infer I, unknown> ? I : never;
type Out<M, N extends string> = Cmd<M, N> extends AnyCommand<unknown, infer O> ? Omit<O, "$metadata"> : never;
type Run<M, N extends string> = (input: In<M, N>, ctx: Context) => Out<M, N> | Promise<Out<M, N>>;

export type Ec2Operation<N extends OpName<Ec2> & string> = Run<Ec2, N>;
export type IamOperation<N extends OpName<Iam> & string> = Run<Iam, N>;
export type StsOperation<N extends OpName<Sts> & string> = Run<Sts, N>;
export type SsmOperation<N extends OpName<Ssm> & string> = Run<Ssm, N>;

/** What an operation may use: no clock, disk, kernel or randomness of its own. */
export interface Context {
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  /** Who signed the call. */
  readonly caller: Principal;
  /** By temporary credentials. */
  readonly temporary: boolean;
  readonly requestId: string;
  /** The architecture instances have on this machine. */
  readonly architecture: "x86_64" | "arm64";
  /** AWS's default quotas unless the box was started with others; Infinity when unlimited. Key as in `--quota`. */
  quota(name: string): number;
  now(): Date;
  randomHex(digits: number): string;
  /** "vpc" -> a fresh "vpc-0..." */
  newId(prefix: string): string;
  /** Temporary credentials that the box accepts until then. */
  issueSession(principal: Principal, expiresAt: Date): SessionCredentials;
  /** The latest snapshot. The region's default VPC and images are in it already. */
  snapshot(): Snapshot;
  /**
   * Runs `fn` in one transaction: what it puts is committed together, or nothing is when it throws. The answer of the
   * operation is held back until the kernel has this revision. With DryRun in the input, `fn` runs, nothing is kept, and
   * Ec2Error DryRunOperation is thrown. With a ClientToken, the framework answers repeats by itself.
   */
  write<T>(fn: (tx: Transaction) => T): T;
  /** What lives beside the records and is not theirs: console logs. undefined: no such thing (yet). */
  /** What this machine can hold of instances now. */
  capacity(): { readonly memoryMiB: number; readonly roomForInstances: number };
  consoleOutput(instanceId: string): Promise<{ text: string; at: Date } | undefined>;
}
