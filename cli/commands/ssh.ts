// Owns `vpcbox ssh`: the short way into an instance, from the laptop, by its public address or by an instance that has one. Real ssh over
// the box's network; the hosts' keys come from the instances themselves, so that nothing has to be believed.

import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { callingUser } from "../calling-user.ts";
import { ask } from "../control.ts";
import { Failure } from "../failure.ts";
import { asUserAtHome, outputOf, runInside } from "../run-inside.ts";
import { dim } from "../terminal.ts";

interface End { readonly instance: string; readonly name: string; readonly address: string; readonly keyName?: string }
interface Options { readonly box: string; readonly user: string; readonly identity?: string; readonly via?: string; readonly agent?: true; readonly forward: readonly string[]; readonly option: readonly string[] }

const more = (value: string, before: readonly string[]): readonly string[] => [...before, value];
const CONNECT_SECONDS = 10;

export function addSsh(program: Command): void {
  program.command("ssh")
    .description("log in to an instance from the laptop, by ssh; one without a public address is reached through one of its VPC that has one")
    .usage("[options] <instance> [-- <command...>]")
    .argument("<instance>", "id or Name tag")
    .argument("[command...]", "a command instead of a shell, after --")
    .option("-i, --identity <file>", "the private key (default: KEYNAME.pem or KEYNAME, here or in ~/.ssh, then what ssh finds itself)")
    .option("-u, --user <name>", "as this user", "ec2-user")
    .option("--via <instance>", "through this instance (default: the one with the same key, NAT instances first)")
    .option("-A, --agent", "forward the connection to the authentication agent")
    .option("-L, --forward <port:host:port>", "forward a port of the laptop (repeatable)", more, [])
    .option("-o, --option <key=value>", "an option of ssh (repeatable)", more, [])
    .addHelpText("after", "\nThe security groups decide as for any ssh: port 22 must be open for the laptop, 192.0.2.200, or for the instance in between.\n`vpcbox exec` needs neither a key nor a network.")
    .action(async (instance: string, words: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      if (options.identity !== undefined && !existsSync(options.identity)) throw new Failure(`there is no file ${options.identity}`);
      const way = await ask<{ target: End; by?: End }>(options.box, "GET", "/ssh", { instance, ...(options.via === undefined ? {} : { via: options.via }) });
      if (way.by && process.stderr.isTTY) process.stderr.write(`${dim(`through ${way.by.name || way.by.instance} (${way.by.address})`, process.stderr)}\n`);
      const { argv } = await ask<{ argv: string[] }>(options.box, "GET", "/laptop", { tty: "0" });
      const home = asUserAtHome(callingUser());
      const folder = mkdtempSync(join(tmpdir(), "vpcbox-ssh-"));
      try {
        const hosts = join(folder, "known_hosts");
        const ends = [way.target, ...(way.by ? [way.by] : [])];
        writeFileSync(hosts, (await Promise.all(ends.map((end) => knownHost(options.box, end)))).join(""));
        if (home.user) for (const path of [folder, hosts]) chownSync(path, home.user.uid, home.user.gid);
        process.exitCode = await runInside([...argv, ...home.argv, ...sshLine(options, way.target, way.by, hosts, home.directory, words)], home.env);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

function sshLine(options: Options, target: End, by: End | undefined, hosts: string, home: string, words: readonly string[]): string[] {
  const common = (end: End): string[] => [
    ...["StrictHostKeyChecking=yes", `UserKnownHostsFile=${hosts}`, "GlobalKnownHostsFile=/dev/null", "CheckHostIP=no", "HashKnownHosts=no", "UpdateHostKeys=no", `ConnectTimeout=${CONNECT_SECONDS}`].flatMap((o) => ["-o", o]),
    ...identity(options.identity, end.keyName, home),
  ];
  const jump = by === undefined ? [] : ["-o", `ProxyCommand=${[...["ssh", ...common(by), `${options.user}@${by.address}`].map((word) => quote(word.replaceAll("%", "%%"))), "-W", "%h:%p"].join(" ")}`];
  return ["ssh", ...common(target), ...jump, ...options.option.flatMap((o) => ["-o", o]), ...(options.agent ? ["-A"] : []), ...options.forward.flatMap((f) => ["-L", f]), `${options.user}@${target.address}`, ...(words.length > 0 ? ["--", ...words] : [])];
}

/** The file that was given; else the key pair's, where people keep it; else none, and ssh looks for itself. */
function identity(given: string | undefined, keyName: string | undefined, home: string): string[] {
  const file = given ?? (keyName === undefined || /[/\0]/.test(keyName) ? undefined : [".", join(home, ".ssh")].flatMap((folder) => [join(folder, `${keyName}.pem`), join(folder, keyName)]).find((path) => existsSync(path)));
  return file === undefined ? [] : ["-i", file];
}

/** As ssh_known_hosts has it, out of the instance's own files. */
async function knownHost(box: string, end: End): Promise<string> {
  const { argv } = await ask<{ argv: string[] }>(box, "GET", "/exec", { instance: end.instance, user: "root", tty: "0" });
  const keys = await outputOf([...argv, "sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub"]);
  if (keys === undefined) throw new Failure(`${end.instance} has no host keys (no sshd, or it is still starting): see vpcbox console-output ${end.instance}`);
  return [...keys.matchAll(/^(ssh-[a-z0-9-]+|ecdsa-[a-z0-9-]+) ([A-Za-z0-9+/=]+)/gm)].map(([, kind, key]) => `${end.address} ${kind} ${key}\n`).join("");
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
