// Owns `vpcbox doctor`: what a private subnet's way to the internet needs, one line a check, and the commands that mend what is wrong.

import type { Command } from "commander";
import { ask, type Status } from "../control.ts";
import { mendFor } from "../explain-drawing.ts";
import { languageOf, type Language } from "../language.ts";
import { bold, dim, green, red, yellow } from "../terminal.ts";

interface Text { readonly en: string; readonly ja: string }
interface Problem { readonly code: string; readonly component: string; readonly message: Text; readonly mend: string }
interface Check { readonly check: string; readonly title: Text; readonly state: "ok" | "problem" | "unknown"; readonly problems: readonly Problem[] }
interface Diagnosis { readonly wrong?: string; readonly well: boolean; readonly source: string; readonly subnet: string; readonly by: Text; readonly checks: readonly Check[]; readonly unread: readonly string[] }

const words = {
  ok: { en: "ok", ja: "正常" }, problem: { en: "problem", ja: "問題" }, unknown: { en: "unknown", ja: "不明" },
  mend: { en: "mend it with", ja: "修正コマンド" },
  none: { en: "no single command mends it", ja: "単独のコマンドでは修正できません" },
  hidden: { en: "an earlier problem hides it", ja: "先の問題のため確認できません" },
  well: { en: "all well: it reaches the internet, and answers come back", ja: "すべて正常: インターネットに到達し、応答も戻ります" },
  ill: { en: "{n} to mend", ja: "要修正 {n} 件" },
} as const;

export function addDoctor(program: Command): void {
  program.command("doctor")
    .description("check what a private subnet's NAT set-up needs, and say what to do; status 1 when something is wrong")
    .argument("<subnet|instance>", "subnet-ID, or an instance (id or Name tag) that is to reach the internet")
    .option("--json", "print it as JSON on one line")
    .addHelpText("after", "\nChecks routes, security groups, network ACLs, the source/destination check, the public address, the gateway, what is inside\nthe instances on the way (forwarding, MASQUERADE, firewall), the answer's way and DNS. Speaks Japanese where LANG does.\n\nExamples:\n  vpcbox doctor private\n  vpcbox doctor subnet-0123456789abcdef0 --json")
    .action(async (word: string, _options, command: Command) => {
      const { box, json } = command.optsWithGlobals<{ box: string; json?: boolean }>();
      const diagnosis = await ask<Diagnosis>(box, "GET", "/doctor", { word });
      if (diagnosis.wrong !== undefined) return command.error(diagnosis.wrong, { exitCode: 2 });
      for (const line of diagnosis.unread) process.stderr.write(`vpcbox: ${line}\n`);
      const { endpoint } = await ask<Status>(box, "GET", "/status");
      const language = languageOf(process.env);
      const mend = (line: string): string => mendFor(line, { box, endpoint, known: process.env.AWS_ENDPOINT_URL });
      console.log(json ? JSON.stringify(plain(diagnosis, language, mend)) : drawn(diagnosis, language, mend));
      process.exitCode = diagnosis.well ? 0 : 1;
    });
}

function plain({ well, source, subnet, by, checks }: Diagnosis, language: Language, mend: (line: string) => string): unknown {
  return {
    well, source, subnet, by: by[language],
    checks: checks.map((one) => ({ check: one.check, title: one.title[language], state: one.state, problems: one.problems.map((problem) => ({ ...problem, message: problem.message[language], mend: mend(problem.mend) })) })),
  };
}

function drawn({ well, source, subnet, by, checks }: Diagnosis, language: Language, mend: (line: string) => string): string {
  const say = (key: Exclude<keyof typeof words, "ill">): string => words[key][language];
  const paint = { ok: green, problem: red, unknown: yellow };
  const wide = Math.max(...(["ok", "problem", "unknown"] as const).map((state) => width(say(state))));
  const label = (state: Check["state"]): string => paint[state](say(state)) + " ".repeat(wide - width(say(state)));
  const under = " ".repeat(wide + 2);
  const lines = checks.flatMap(({ title, state, problems }) => [
    `${label(state)}  ${title[language]}${state === "unknown" ? dim(` (${say("hidden")})`) : ""}`,
    ...problems.flatMap((problem) => [`${under}${problem.code}: ${problem.message[language]}`, `${under}${problem.mend === "" ? say("none") : `${say("mend")}: ${bold(mend(problem.mend))}`}`]),
  ]);
  const count = checks.reduce((sum, one) => sum + one.problems.length, 0);
  return [`${bold(source)} (${subnet}): ${by[language]}`, ...lines, "", well ? green(say("well")) : red(words.ill[language].replace("{n}", String(count)))].join("\n");
}

/** Columns on a terminal: these words have no other wide characters. */
const width = (text: string): number => [...text].reduce((sum, character) => sum + (character > "\u2e7f" ? 2 : 1), 0);
