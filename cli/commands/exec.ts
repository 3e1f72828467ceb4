// Owns `vpcbox exec` and `vpcbox laptop`: a command inside an instance, or on the user's computer at home in the box's internet.

import type { Command } from "commander";
import { callingUser } from "../calling-user.ts";
import { ask } from "../control.ts";
import { asUserAtHome, onTerminal, runInside } from "../run-inside.ts";

const tty = (): "0" | "1" => (onTerminal() ? "1" : "0");

export function addExec(program: Command): void {
  program.command("exec")
    .description("run a command inside an instance; its streams and exit status are the command's")
    .usage("[options] <instance> -- <command...>")
    .argument("<instance>", "id or Name tag")
    .argument("<command...>", "the command, after --")
    .option("-u, --user <name>", "as this user of the instance", "root")
    .action(async (instance: string, words: string[], _options, command: Command) => {
      const { box, user } = command.optsWithGlobals<{ box: string; user: string }>();
      const { argv } = await ask<{ argv: string[] }>(box, "GET", "/exec", { instance, user, tty: tty() });
      process.exitCode = await runInside([...argv, ...words]);
    });
}

export function addLaptop(program: Command): void {
  program.command("laptop")
    .description("run a command on a computer at home: your files and ssh keys, the network of the box's internet; without a command, a shell")
    .usage("[options] -- [command...]")
    .argument("[command...]", "the command, after --")
    .action(async (words: string[], _options, command: Command) => {
      const { box } = command.optsWithGlobals<{ box: string }>();
      const { argv } = await ask<{ argv: string[] }>(box, "GET", "/laptop", { tty: tty() });
      const home = asUserAtHome(callingUser());
      process.exitCode = await runInside([...argv, ...home.argv, ...(words.length > 0 ? words : [home.shell])], home.env);
    });
}
