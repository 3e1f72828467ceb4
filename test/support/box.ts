// Owns a box for a test: its own name, port, state and namespaces, and their end whether the test passes or fails.

import { execFile, type ExecFileException } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EC2Client } from "@aws-sdk/client-ec2";
import { runAws } from "./aws-server.ts";

export const root = new URL("../..", import.meta.url).pathname;
export const cli = join(root, "cli/vpcbox");

export interface Result { readonly status: number; readonly stdout: string; readonly stderr: string }

/** Runs a program to its end; a status other than 0 is an answer here, not an error. */
export function run(file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; timeoutMs?: number; input?: string } = {}): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { env: options.env ?? process.env, timeout: options.timeoutMs ?? 60_000, maxBuffer: 16 << 20 }, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ status: error ? (typeof error.code === "number" ? error.code : 255) : 0, stdout, stderr });
    });
    child.stdin?.on("error", () => undefined); // it ended without reading
    child.stdin?.end(options.input ?? "");
  });
}

export interface Drop { readonly interface: string; readonly reason: string; readonly packets: number; readonly bytes: number }

export class Box {
  readonly name: string;
  readonly stateDir: string;
  endpoint = "";
  pid = 0;
  #client: EC2Client | undefined;

  constructor() {
    this.name = `t-${randomBytes(4).toString("hex")}`;
    this.stateDir = mkdtempSync(join(tmpdir(), "vpcbox-state-"));
  }

  /** `vpcbox --box NAME ...` */
  vpcbox(...args: string[]): Promise<Result> {
    return run(cli, ["--box", this.name, ...args]);
  }

  async up(...more: string[]): Promise<void> {
    const result = await this.vpcbox("up", "--detach", "--json", "--port", "0", "--state", this.stateDir, ...more);
    if (result.status !== 0) throw new Error(`up failed: ${result.stderr}`);
    const ready = JSON.parse(result.stdout) as { endpoint: string; pid: number };
    this.endpoint = ready.endpoint;
    this.pid = ready.pid;
    this.#client = undefined;
  }

  get ec2(): EC2Client {
    return (this.#client ??= new EC2Client({ endpoint: this.endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" }, maxAttempts: 1 }));
  }

  /** Debian's `aws` against this box (aws-server.ts); its JSON answer. Throws with aws's own words. */
  async aws<T = Record<string, unknown>>(...args: string[]): Promise<T> {
    const result = await this.awsRaw(...args);
    if (result.status !== 0) throw new Error(result.stderr.trim());
    return (result.stdout.trim() === "" ? {} : JSON.parse(result.stdout)) as T;
  }

  awsRaw(...args: string[]): Promise<Result> {
    const env = { PATH: process.env.PATH, HOME: this.stateDir, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1", AWS_PAGER: "", AWS_EC2_METADATA_DISABLED: "true" };
    return runAws(["--endpoint-url", this.endpoint, "--output", "json", ...args], env);
  }

  exec(instance: string, ...command: string[]): Promise<Result> {
    return this.vpcbox("exec", instance, "--", ...command);
  }

  laptop(...command: string[]): Promise<Result> {
    return this.vpcbox("laptop", "--", ...command);
  }

  /** Drops so far, per interface and reason: "eni-… GROUP_INGRESS" -> packets. */
  async drops(): Promise<ReadonlyMap<string, number>> {
    const result = await this.vpcbox("drops", "--json");
    if (result.status !== 0) throw new Error(`drops failed: ${result.stderr}`);
    const rows = (JSON.parse(result.stdout) as { drops: Drop[] }).drops;
    return new Map(rows.map((d) => [`${d.interface} ${d.reason}`, d.packets]));
  }

  /** One command of a box that never comes up; its state directory goes at once. */
  async vpcboxOnce(args: readonly string[]): Promise<Result> {
    try {
      return await this.vpcbox(...args);
    } finally {
      rmSync(this.stateDir, { recursive: true, force: true });
    }
  }

  async remove(): Promise<void> {
    this.#client?.destroy();
    const down = await this.vpcbox("down");
    rmSync(this.stateDir, { recursive: true, force: true });
    if (down.status !== 0) throw new Error(`down failed: ${down.stderr}`);
  }
}

/** Asks again until the answer is there. For states that come true in their own time; never for what must hold at once. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`${what} did not come true within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
