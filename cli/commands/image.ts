// Owns `vpcbox image import`: an image of any root file system.

import { existsSync, realpathSync } from "node:fs";
import type { Command } from "commander";
import { ask } from "../control.ts";
import { Failure } from "../failure.ts";

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
      const made = await ask<{ imageId: string }>(box, "POST", "/image/import", { name, region, file: realpathSync(file) });
      console.log(json ? JSON.stringify(made) : made.imageId);
    });
}
