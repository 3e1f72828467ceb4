// Owns `vpcbox up`: checks the machine, starts the box's daemon, and says where its API is.

import { createServer } from "node:net";
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { askIfUp, type Status } from "../control.ts";
import { makeDirectory, defaultStateDir, forgetUnstarted, logFile, recallOptions, recallStateDir, rememberOptions, rememberStateDir, runDir, type RememberedOptions } from "../box-files.ts";
import { Failure } from "../failure.ts";
import { missingRequirements, requireRoot } from "../requirements.ts";
import { startDaemon, type Ready } from "../start-daemon.ts";
import { withProgress } from "../terminal.ts";

const DEFAULT_PORT = 4566;
const LOOPBACK = "127.0.0.1";

interface AccessKey { readonly id: string; readonly secret: string }
interface UpOptions {
  readonly box: string;
  readonly detach?: boolean;
  readonly port?: number;
  readonly host?: string;
  readonly state?: string;
  readonly internet: "sealed" | "host";
  readonly json?: boolean;
  readonly accountId?: string;
  readonly accessKey?: AccessKey[];
  readonly quota?: Record<string, number | "unlimited">;
  readonly timeScale?: number;
}

export function addUp(program: Command): void {
  program.command("up")
    .description("start the box; what it is given here is kept with its state for the next time")
    .option("--detach", "return when the API answers; without it the box ends with Ctrl-C")
    .option("--port <number>", `port of the API (default: ${DEFAULT_PORT}; 0: any free one)`, parsePort)
    .option("--host <address>", `address the API listens on (default: ${LOOPBACK}, this machine alone)`)
    .option("--state <dir>", "where records and disks are kept (default: /var/lib/vpcbox/NAME)")
    .addOption(new Option("--internet <mode>", "sealed: no packet leaves the box").choices(["sealed", "host"]).default("sealed"))
    .option("--account-id <id>", "AWS account of the box (default: 000000000000)", parseAccount)
    .option("--access-key <id:secret>", "an access key the API accepts, instead of test:test; repeatable", collectKey)
    .option("--quota <name=value>", "a quota, as vpcs-per-region=200 or all=unlimited (default: AWS's); repeatable", collectQuota)
    .option("--time-scale <number>", "let the clocks of idle flows and of NAT gateways run so many times faster (default: 1)", parseTimeScale)
    .option("--json", "print one line: {\"endpoint\",\"pid\",\"state\"}")
    .action((_options, command: Command) => up(command.optsWithGlobals()));
}

async function up(options: UpOptions): Promise<void> {
  requireRoot();
  if (options.internet === "host") throw new Failure("--internet host is not offered yet: leave it out, the box has an internet of its own");
  const { box } = options;
  const running = await askIfUp<Status>(box, "GET", "/status");
  if (running) return alreadyUp(options, running);

  const left = recallStateDir(box);
  const stateDir = resolve(options.state ?? left ?? defaultStateDir(box));
  if (left !== undefined && left !== stateDir) throw new Failure(`what still runs of box ${box} has its state in ${left}: start it with --state ${left}, or end it with: sudo npx vpcbox --box ${box} down`);
  const missing = missingRequirements();
  if (missing.length > 0) throw new Failure(missing.join("; "));
  const remembered = remember(options, recallOptions(stateDir));
  const port = remembered.port ?? DEFAULT_PORT;
  const host = remembered.host ?? LOOPBACK;
  await requireFreePort(port, host);

  makeStateDir(stateDir);

  const daemon = await withProgress(`starting box ${box}`, async () => {
    rememberStateDir(box, stateDir);
    try {
      return await startDaemon({ ...remembered, port, host, box, stateDir, runDir: runDir(box), internet: "sealed" });
    } catch (error) {
      forgetUnstarted(box);
      throw error;
    }
  });
  rememberOptions(stateDir, remembered);
  if (options.detach) {
    say(options, daemon.ready, `box ${box} is up: ${daemon.ready.endpoint}`);
    daemon.leave();
    return;
  }
  say(options, daemon.ready, `box ${box} is up: ${daemon.ready.endpoint} (log: ${logFile(stateDir)}); Ctrl-C takes it down`);
  // As `vpcbox down` does it; a daemon that does not answer is asked by signal.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => { askIfUp(box, "POST", "/down").catch(() => daemon.end()); });
  const status = await daemon.ended;
  if (status !== 0) throw new Failure(`the daemon of box ${box} ended with status ${status}; see ${logFile(stateDir)}`);
}

function makeStateDir(stateDir: string): void {
  try {
    makeDirectory(stateDir);
  } catch (error) {
    throw new Failure(`the state directory ${stateDir} cannot be made (${(error as NodeJS.ErrnoException).code}): choose another with --state`);
  }
}

function alreadyUp(options: UpOptions, { endpoint, pid, state }: Status): void {
  if (options.state !== undefined && resolve(options.state) !== state) throw new Failure(`box ${options.box} is up already with its state in ${state}: choose another --box NAME`);
  say(options, { endpoint, pid, state }, `box ${options.box} is up already: ${endpoint}`);
}

function say(options: UpOptions, ready: Ready, text: string): void {
  console.log(options.json ? JSON.stringify({ endpoint: ready.endpoint, pid: ready.pid, state: ready.state }) : text);
}

/** What was given now, over what was given before. */
function remember(given: UpOptions, before: RememberedOptions): RememberedOptions {
  return {
    ...before,
    ...(given.port === undefined ? {} : { port: given.port }),
    ...(given.host === undefined ? {} : { host: given.host }),
    ...(given.accountId === undefined ? {} : { accountId: given.accountId }),
    ...(given.accessKey === undefined ? {} : { accessKeys: given.accessKey }),
    ...(given.quota === undefined ? {} : { quotas: given.quota }),
    ...(given.timeScale === undefined ? {} : { timeScale: given.timeScale }),
  };
}

/** Asked before anything of the box exists; the daemon asks again when it binds. */
async function requireFreePort(port: number, host: string): Promise<void> {
  if (port === 0) return;
  await new Promise<void>((done, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => reject(new Failure(error.code === "EADDRINUSE"
      ? `port ${port} on ${host} is taken: end what listens there, or choose another with --port`
      : `cannot listen on ${host} port ${port}: ${error.message}; choose others with --host and --port`)));
    probe.listen(port, host, () => probe.close(() => done()));
  });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("Give a number from 0 to 65535.");
  return port;
}

function parseTimeScale(text: string): number {
  const scale = Number(text);
  if (!/^\d+$/.test(text) || scale < 1 || scale > 10_000) throw new InvalidArgumentError("Give a whole number from 1 to 10000.");
  return scale;
}

function parseAccount(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError("An account id has twelve digits.");
  return text;
}

function collectKey(text: string, before: AccessKey[] = []): AccessKey[] {
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1) throw new InvalidArgumentError("Give ID:SECRET.");
  return [...before, { id: text.slice(0, colon), secret: text.slice(colon + 1) }];
}

function collectQuota(text: string, before: Record<string, number | "unlimited"> = {}): Record<string, number | "unlimited"> {
  const match = /^([a-z0-9][a-z0-9-]*)=(\d{1,9}|unlimited)$/.exec(text);
  if (!match) throw new InvalidArgumentError("Give NAME=NUMBER or NAME=unlimited.");
  return { ...before, [match[1]!]: match[2] === "unlimited" ? "unlimited" : Number(match[2]) };
}
