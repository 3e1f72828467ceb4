// Owns what the guide asks of the `vpcbox` command: a box that is up, a command inside an instance, a command on the laptop.

import { spawn } from "node:child_process";
import { chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { callingUser } from "../cli/calling-user.ts";

const CLI = fileURLToPath(new URL("../cli/vpcbox", import.meta.url));

export interface Result { readonly status: number; readonly stdout: string; readonly stderr: string }

export class GuideBox {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }

  /** How the user calls the command from here. */
  get command(): string {
    const sudo = process.getuid?.() !== 0 || callingUser() ? "sudo " : "";
    return `${sudo}npx vpcbox${this.name === "default" ? "" : ` --box ${this.name}`}`;
  }

  /** Starts the box unless it is up. @throws with the command's own line. */
  async up(): Promise<{ readonly endpoint: string; readonly wasUp: boolean }> {
    const wasUp = (await this.vpcbox(["status"])).status === 0;
    const up = await this.vpcbox(["up", "--detach", "--json"]);
    if (up.status !== 0) throw new Error(up.stderr.trim().replace(/^vpcbox: /, ""));
    return { endpoint: (JSON.parse(up.stdout) as { endpoint: string }).endpoint, wasUp };
  }

  exec(instance: string, user: string, command: string): Promise<Result> {
    return this.vpcbox(["exec", instance, "-u", user, "--", "sh", "-c", command]);
  }

  laptop(command: readonly string[]): Promise<Result> {
    return this.vpcbox(["laptop", "--", ...command]);
  }

  vpcbox(args: readonly string[]): Promise<Result> {
    const words = [CLI, "--box", this.name, ...args];
    const [file, ...rest] = (process.getuid?.() === 0 ? words : ["sudo", ...words]) as [string, ...string[]];
    return new Promise((resolve, reject) => {
      const child = spawn(file, rest, { stdio: ["ignore", "pipe", "pipe"] });
      let stdout = "", stderr = "";
      child.stdout.on("data", (chunk: Buffer) => { stdout += chunk; });
      child.stderr.on("data", (chunk: Buffer) => { stderr += chunk; });
      child.on("error", reject);
      child.on("close", (code) => resolve({ status: code ?? 128, stdout, stderr }));
    });
  }

  /** Saves the private key for the user alone, under ~/.vpcbox; answers its path. */
  saveKey(material: string): string {
    const user = callingUser();
    const folder = join(user?.home ?? homedir(), ".vpcbox");
    const file = join(folder, `${this.name}-guide.pem`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    rmSync(file, { force: true });
    writeFileSync(file, material.endsWith("\n") ? material : `${material}\n`, { mode: 0o600 });
    if (user) for (const path of [folder, file]) chownSync(path, user.uid, user.gid);
    return file;
  }
}
