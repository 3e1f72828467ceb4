// Owns the command line against a control socket of the test's own: what each command asks, prints and ends with. The same commands
// against a real box are in guide.test.ts and refusals.test.ts.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli, run, type Result } from "../support/box.ts";

const box = `t-${randomBytes(4).toString("hex")}`;
const dir = join("/run/vpcbox", box);
const scratch = mkdtempSync(join(tmpdir(), "vpcbox-cli-"));
const asked: string[] = [];
const status = { box, endpoint: "http://127.0.0.1:1", pid: 0, state: scratch, version: "9.9.9", instances: { running: 2, stopped: 1 }, revision: 7, converged: true, problems: ["eth0 is upside down"] };
const drops = { drops: [{ interface: "eni-1", instance: "i-1", name: "nat", reason: "GROUP_INGRESS", packets: 3, bytes: 252 }] };
let server: Server;

before(async () => {
  mkdirSync(dir, { recursive: true });
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const url = new URL(request.url!, "http://x");
    const instance = url.searchParams.get("instance");
    const [code, body]: [number, unknown] =
      url.pathname === "/status" ? [200, status]
      : url.pathname === "/drops" ? [200, drops]
      : instance === "none" ? [404, { error: "there is no instance \"none\"" }]
      : url.pathname === "/exec" || url.pathname === "/laptop" ? [200, { argv: ["env", "INSIDE=yes"] }]
      : url.pathname === "/console-output" ? [200, { text: "booted" }]
      : url.pathname === "/reset" ? [200, {}]
      : [500, { error: "the cat\nis on the keyboard" }];
    response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await once(server.listen(join(dir, "control.sock")), "listening");
});
after(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(scratch, { recursive: true, force: true });
});

const vpcbox = (...args: string[]): Promise<Result> => run(cli, ["--box", box, ...args]);
const shows = (result: Result, expected: Result): void => assert.deepEqual(result, expected);

test("status, drops, console-output: for people and for programs", async () => {
  const text = await vpcbox("status");
  assert.equal(text.status, 0);
  assert.match(text.stdout, /2 running, 1 stopped/);
  assert.match(text.stdout, /problem: +eth0 is upside down/);
  assert.doesNotMatch(text.stdout, /\x1b/, "no colours in a pipe");
  shows(await vpcbox("status", "--json"), { status: 0, stdout: `${JSON.stringify(status)}\n`, stderr: "" });
  shows(await vpcbox("drops", "--json"), { status: 0, stdout: `${JSON.stringify(drops)}\n`, stderr: "" });
  assert.match((await vpcbox("drops")).stdout, /eni-1 +i-1 +nat +GROUP_INGRESS +3 +252\n$/);
  shows(await vpcbox("console-output", "i-1"), { status: 0, stdout: "booted\n", stderr: "" });
});

test("exec: the command's words, streams and status are its own", async () => {
  asked.length = 0;
  const result = await run(cli, ["--box", box, "exec", "web server", "-u", "ec2-user", "--", "sh", "-c", "cat; echo $INSIDE $0 \"$1\" >&2; exit 7", "-u", "two words"], { input: "in" });
  shows(result, { status: 7, stdout: "in", stderr: "yes -u two words\n" });
  assert.deepEqual(asked, ["GET /exec?instance=web+server&user=ec2-user&tty=0"]);
});

test("exec: signals go through, and a signal's end is the command's end", async () => {
  const child = spawn(cli, ["--box", box, "exec", "i-1", "--", "sh", "-c", "trap 'exit 42' TERM; echo ready; while :; do sleep 0.05; done"], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [42, null]);
  assert.equal((await vpcbox("exec", "i-1", "--", "sh", "-c", "kill -KILL $$")).status, 137);
});

test("laptop: a command, or the user's shell", async () => {
  shows(await vpcbox("laptop", "--", "sh", "-c", "echo $INSIDE"), { status: 0, stdout: "yes\n", stderr: "" });
  const shell = await run(cli, ["--box", box, "laptop"], { env: { ...process.env, SHELL: "/bin/sh" }, input: "echo shell $INSIDE" });
  shows(shell, { status: 0, stdout: "shell yes\n", stderr: "" });
});

test("a failure is one line with status 1, wrong usage one line with status 2", async () => {
  const none = `${box}-none`;
  const rows: [string[], number, RegExp][] = [
    [["exec", "none", "--", "true"], 1, /no instance "none"/],
    [["down"], 1, /the cat is on the keyboard/],
    [["--box", none, "status"], 1, new RegExp(`box ${none} is not up .*${box}.*up --detach`)],
    [["up", "--state", "/elsewhere"], 1, /up already.*--box/],
    [["up", "--internet", "host"], 1, /--internet host is not offered/],
    [["exec", "i-1", "ls", "-l"], 2, /unknown option '-l'; put -- before the command/],
    [["exec"], 2, /missing required argument 'instance'/],
    [["exec", "i-1"], 2, /missing required argument 'command'/],
    [["up", "--port", "65536"], 2, /--port.*0 to 65535/],
    [["up", "--account-id", "12"], 2, /--account-id.*twelve/],
    [["up", "--access-key", "AKIA"], 2, /--access-key.*ID:SECRET/],
    [["up", "--quota", "vpcs"], 2, /--quota.*NAME=NUMBER/],
    [["up", "--internet", "some"], 2, /--internet.*sealed, host/],
    [["--box", "../x", "status"], 2, /--box.*a-z, 0-9/],
    [["statu"], 2, /unknown command 'statu' \(Did you mean status\?\)/],
  ];
  for (const [args, code, words] of rows) {
    const result = await vpcbox(...args);
    assert.deepEqual([result.status, result.stdout], [code, ""], `${args.join(" ")}: ${result.stderr}`);
    assert.match(result.stderr, words);
    assert.match(result.stderr, /^vpcbox: [^\n]+\n$/, "one line");
  }
});

test("every command has --help", async () => {
  for (const command of [[], ["up"], ["down"], ["reset"], ["status"], ["exec"], ["ssh"], ["image", "import"], ["laptop"], ["console-output"], ["explain"], ["drops"], ["nat-metrics"], ["capture"]]) {
    const result = await vpcbox(...command, "--help");
    assert.deepEqual([result.status, result.stderr], [0, ""]);
    assert.match(result.stdout, new RegExp(`^Usage: vpcbox ${command.join(" ")}`));
  }
});

test("up on a box that is up says the same line as the first up, and down on one that is not says so", async () => {
  shows(await vpcbox("up", "--detach", "--json"), { status: 0, stdout: `${JSON.stringify({ endpoint: status.endpoint, pid: 0, state: scratch })}\n`, stderr: "" });
  shows(await run(cli, ["--box", `${box}-none`, "down"]), { status: 0, stdout: `box ${box}-none is not up\n`, stderr: "" });
  assert.equal((await vpcbox("reset")).status, 0);
});

test("up with the port taken touches nothing", async () => {
  const taken = createTcpServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  try {
    const port = String((taken.address() as AddressInfo).port);
    const state = join(scratch, "other");
    const result = await run(cli, ["--box", `${box}-none`, "up", "--detach", "--port", port, "--state", state]);
    assert.equal(result.status, 1);
    assert.match(result.stderr, new RegExp(`^vpcbox: port ${port} on 127\\.0\\.0\\.1 is taken: .*--port\n$`));
    for (const path of [state, `${dir}-none`]) assert.equal(lstatSync(path, { throwIfNoEntry: false }), undefined, path);
  } finally {
    taken.close();
  }
});

test("up says in one line what it cannot have: a state directory where none can be made, a quota that there is not", async () => {
  const rows: [string[], RegExp][] = [
    [["--state", "/proc/nowhere"], /the state directory \/proc\/nowhere cannot be made \(ENOENT\)/],
    [["--state", "/etc/passwd"], /the state directory \/etc\/passwd cannot be made/],
    [["--state", join(scratch, "quota"), "--quota", "no-such=3"], /there is no quota no-such; there are all, .*vpcs-per-region/],
  ];
  for (const [args, words] of rows) {
    const result = await run(cli, ["--box", `${box}-none`, "up", "--detach", "--port", "0", ...args]);
    assert.deepEqual([result.status, result.stdout], [1, ""]);
    assert.match(result.stderr, words);
    assert.match(result.stderr, /^vpcbox: [^\n]+\n$/, "one line");
    assert.equal(lstatSync(`${dir}-none`, { throwIfNoEntry: false }), undefined, "nothing is left");
  }
});

test("up says in one line what the machine lacks", async () => {
  // An empty PATH still has the system's folders, so the missing program is missing by a mount namespace that hides it.
  const hidden = await run("unshare", ["--mount", "sh", "-c", `mount --bind /dev/null "$(readlink -f "$(command -v runc)")" && exec "$0" --box ${box}-none up --port 0 --state ${scratch}/none`, cli]);
  assert.deepEqual([hidden.status, hidden.stdout], [1, ""]);
  assert.equal(hidden.stderr, "vpcbox: the program runc is missing: sudo apt-get install runc\n");
});

test("without root: one line", async () => {
  // A user namespace without root: another user may not be let into the folder of the clone.
  const result = await run("unshare", ["--user", "--map-user=65534", "--map-group=65534", cli, "--box", `${box}-none`, "up"]);
  shows(result, { status: 1, stdout: "", stderr: "vpcbox: needs root: run it with sudo\n" });
});

test("the command works through a symlink, from any folder", async () => {
  const link = join(scratch, "vpcbox");
  symlinkSync(cli, link);
  assert.match((await run("sh", ["-c", `cd / && "${link}" --version`])).stdout, /^\d+\.\d+\.\d+\n$/);
});
