// Owns `vpcbox image`: an image of any root file system, and one of Debian's packages.

import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { ask } from "../control.ts";
import { Failure } from "../failure.ts";
import { runSaying } from "../run-inside.ts";
import { withProgress } from "../terminal.ts";

const builder = new URL("../../tools/build-image.sh", import.meta.url).pathname;

export function addImage(program: Command): void {
  const image = program.command("image").description("images that come from elsewhere");
  image.command("import")
    .description("make an image of a root file system with its own /usr: a container export, a debootstrap")
    .argument("<name>", "the image's name")
    .argument("<file>", "FILE.tar, FILE.tar.gz or FILE.tar.zst")
    .option("--region <name>", "the region it is in", "us-east-1")
    .option("--json", "print it as JSON on one line")
    .action(async (name: string, file: string, _options, command: Command) => {
      const { box, region, json } = command.optsWithGlobals<{ box: string; region: string; json?: boolean }>();
      if (!existsSync(file)) throw new Failure(`there is no file ${file}`);
      const made = await withProgress(`importing ${file}`, () => importFile(box, name, region, realpathSync(file)));
      console.log(json ? JSON.stringify(made) : made.imageId);
    });
  image.command("build")
    .description("make a Debian image of its packages, which this machine's apt fetches: needs a network, takes minutes")
    .argument("<name>", "the image's name")
    .argument("[package...]", "packages besides a small system with sshd, curl and iptables")
    .option("--region <name>", "the region it is in", "us-east-1")
    .option("--json", "print it as JSON on one line")
    .action(async (name: string, packages: string[], _options, command: Command) => {
      const { box, region, json } = command.optsWithGlobals<{ box: string; region: string; json?: boolean }>();
      await ask(box, "GET", "/image/check", { name, region }); // before minutes of work
      const folder = mkdtempSync(join(tmpdir(), "vpcbox-build-"));
      try {
        const file = join(folder, "root.tar");
        await runSaying(["sh", builder, file, ...packages]);
        const made = await withProgress("importing", () => importFile(box, name, region, file));
        console.log(json ? JSON.stringify(made) : made.imageId);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

const importFile = (box: string, name: string, region: string, file: string): Promise<{ imageId: string }> => ask(box, "POST", "/image/import", { name, region, file });
