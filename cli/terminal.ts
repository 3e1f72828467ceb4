// Owns how text looks: tables; and for a person at a terminal, never in a pipe, colours and a line that turns while something slow goes on.

import type { WriteStream } from "node:tty";

const colourful = (stream: WriteStream): boolean => stream.isTTY === true && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";

const paint = (code: number) => (text: string, stream: WriteStream = process.stdout): string => (colourful(stream) ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = paint(1);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
export const dim = paint(2);

/** Rows below each other, the first `left` columns to the left, the others, which are numbers, to the right. */
export function inColumns(rows: readonly (readonly string[])[], left: number): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ")).join("\n");
}

const FRAMES = ["|", "/", "-", "\\"];
const FRAME_MS = 100;

/** Runs `work`; on a terminal a line of `stream` shows `label` and the seconds so far, and is gone when it ends. */
export async function withProgress<T>(label: string, work: () => Promise<T>, stream: WriteStream = process.stderr): Promise<T> {
  if (stream.isTTY !== true) return work();
  const started = performance.now();
  let frame = 0;
  const draw = (): void => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    stream.write(`\r\x1b[2K${FRAMES[frame++ % FRAMES.length]} ${label} ${dim(`${seconds} s`, stream)}`);
  };
  draw();
  const timer = setInterval(draw, FRAME_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    stream.write("\r\x1b[2K");
  }
}
