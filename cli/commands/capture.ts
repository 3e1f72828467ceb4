// Owns `vpcbox capture`: what crosses a network interface, both ways, as a pcap file or into a pipe.

import { closeSync, openSync, writeSync } from "node:fs";
import { InvalidArgumentError, type Command } from "commander";
import { Failure } from "../failure.ts";
import { follow } from "../stream.ts";
import { dim } from "../terminal.ts";

interface Options { readonly box: string; readonly write: string; readonly count?: string; readonly seconds?: string; readonly snaplen?: string }
interface End { readonly frames: number; readonly lost: number; readonly reason: string }

const number = (least: number, most: number, whole = true) => (text: string): string => {
  const value = Number(text);
  if (text.trim() === "" || !(value >= least && value <= most) || (whole && !Number.isInteger(value))) throw new InvalidArgumentError(`It is a ${whole ? "whole " : ""}number from ${least} to ${most}.`);
  return text;
};

export function addCapture(program: Command): void {
  program.command("capture")
    .description("write what crosses a network interface, both ways, as a pcap file")
    .argument("<interface>", "an instance's id or Name tag (its primary interface), a network interface or NAT gateway, \"internet\"")
    .requiredOption("-w, --write <file>", "the pcap file; - is standard output, for a pipe")
    .option("-c, --count <number>", "end after so many frames", number(1, 1e12))
    .option("--seconds <number>", "end after so many seconds", number(0.001, 1e6, false))
    .option("-s, --snaplen <bytes>", "so many bytes of each frame at most", number(14, 65_600))
    .addHelpText("after", "\nSeen at the interface's port: what the guest sends before any check, what it gets after all of them.\nEnds with Ctrl-C, and when the interface goes. Into Wireshark: vpcbox capture web -w - | wireshark -k -i -")
    .action(async (place: string, _options, command: Command) => {
      const { box, write, count, seconds, snaplen } = command.optsWithGlobals<Options>();
      if (write === "-" && process.stdout.isTTY) throw new Failure("a capture is no text for a terminal: give a file, or pipe it into tshark -r -");
      let file: number | undefined; // made when the daemon has agreed
      const open = (): number => (file ??= write === "-" ? 1 : openSync(write, "w", 0o600));
      const query = { place, ...(count === undefined ? {} : { count }), ...(seconds === undefined ? {} : { seconds }), ...(snaplen === undefined ? {} : { snaplen }) };
      try {
        const { frames, lost, reason } = await follow<End>(box, "/capture", query, (bytes) => {
          if (file === undefined && process.stderr.isTTY) process.stderr.write(dim(`capturing ${place}; Ctrl-C ends\n`, process.stderr));
          writeAll(open(), bytes, write);
        });
        process.stderr.write(`${frames} frames captured${lost > 0 ? `, ${lost} lost` : ""}${reason === "stopped" || reason === "count" || reason === "seconds" ? "" : `; ${reason}`}\n`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EPIPE") return; // its reader has enough
        throw error;
      } finally {
        if (file !== undefined && file !== 1) closeSync(file);
      }
    });
}

function writeAll(file: number, bytes: Buffer, name: string): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(file, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); // a pipe that its other end made non-blocking
      else throw code === "EPIPE" ? error : new Failure(`${name}: ${(error as Error).message}`);
    }
  }
}
