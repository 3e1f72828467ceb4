// Owns how a command fails: one line that says what is wrong and what to do, with exit status 1 (2 is wrong usage).

/** Ends the command with `message` as its one line on stderr. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** A message as one line: what came in several (a library's hint, a stack) is joined. */
export const oneLine = (text: string): string => text.trim().split(/\s*\n\s*/).join(" ");
