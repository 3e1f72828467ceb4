// Owns how the guide shows its steps: a line each with its outcome, a turning line while one goes on, one line when one fails.

import { bold, dim, green, withProgress } from "../cli/terminal.ts";
import type { Language } from "../cli/language.ts";
import { say, type MessageKey, type Places } from "./guide-messages.ts";

/** Why a step failed, as a message; `look` says where to look next. */
export class StepFailure extends Error {
  readonly look: Look | undefined;
  constructor(reason: string, look?: Look) {
    super(reason);
    this.look = look;
  }
}
export interface Look { readonly key: MessageKey; readonly places?: Places }

export class Report {
  readonly language: Language;
  readonly #vpcbox: string;
  /** @param vpcbox how the user calls the command: "npx vpcbox" */
  constructor(language: Language, vpcbox: string) {
    this.language = language;
    this.#vpcbox = vpcbox;
  }

  say(key: MessageKey, places: Places = {}): string {
    return say(this.language, key, places);
  }

  heading(key: MessageKey, places?: Places): void {
    console.log(`\n${bold(this.say(key, places))}`);
  }

  /** One step. `outcome` says what came of it. A failure becomes one line that names the step. */
  async step<T>(key: MessageKey, places: Places, work: () => Promise<T>, outcome: (value: T) => string, look: Look = { key: "lookStatus" }): Promise<T> {
    const label = this.say(key, places);
    const started = performance.now();
    try {
      const value = await withProgress(`  ${label}`, work, process.stdout);
      const took = performance.now() - started;
      console.log(`  ${green("ok")} ${label}: ${outcome(value)}${took >= 1000 ? dim(` (${(took / 1000).toFixed(1)} s)`) : ""}`);
      return value;
    } catch (error) {
      const where = (error instanceof StepFailure && error.look) || look;
      const reason = (error instanceof StepFailure ? error.message : awsReason(error as Error)).replace(/[.。]$/, "");
      throw new StepFailure(this.say("failed", { step: label, reason, look: this.say(where.key, { vpcbox: this.#vpcbox, ...where.places }) }));
    }
  }
}

/** An error of the API as "Code: message", any other as its message. */
const awsReason = (error: Error): string => ("$metadata" in error ? `${error.name}: ${error.message}` : error.message).trim().split(/\s*\n\s*/).join(" ");
