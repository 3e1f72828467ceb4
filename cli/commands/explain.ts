// Owns `vpcbox explain`: asks the daemon whether a packet gets there and its answer back, and shows the way or every cause.

import { Option, type Command } from "commander";
import { ask, type Status } from "../control.ts";
import { drawWay, mendFor, type Answer, type Explained } from "../explain-drawing.ts";
import { languageOf } from "../language.ts";
import { drawProbe, type Probe } from "../probe-drawing.ts";

interface ExplainOptions { readonly box: string; readonly from: string; readonly to: string; readonly protocol: string; readonly port?: string; readonly json?: boolean; readonly probe?: boolean }

export function addExplain(program: Command): void {
  program.command("explain")
    .description("say hop by hop whether a packet gets there and its answer back, and what stops it; status 1 when it does not")
    .requiredOption("--from <end>", "who sends: instance (id or Name tag), eni-ID, igw-ID (the internet behind it), pcx-ID, address, name of the box's internet, or laptop")
    .requiredOption("--to <end>", "who is to answer: instance, eni-ID, igw-ID, pcx-ID, address, name of the box's internet, or laptop")
    .addOption(new Option("--protocol <protocol>", "what is sent").choices(["icmp", "tcp", "udp"]).default("icmp"))
    .option("--port <number>", "destination port, of tcp and udp; without it one that gets through is looked for")
    .option("--probe", "send the real packet too, and watch it at every hop; status 1 also when it fared otherwise than was said")
    .option("--json", "print it as JSON on one line")
    .addHelpText("after", "\nEvery independent cause is named, with the one command that mends it. Speaks Japanese where LANG does.\n\nExamples:\n  vpcbox explain --from private --to ietf.org\n  vpcbox explain --from igw-0123456789abcdef0 --to web --protocol tcp --port 80")
    .action(async (_options, command: Command) => {
      const { box, from, to, protocol, port, json, probe } = command.optsWithGlobals<ExplainOptions>();
      const explained = await ask<Explained & { readonly probe?: Probe }>(box, probe ? "POST" : "GET", probe ? "/probe" : "/explain", { from, to, protocol, ...(port === undefined ? {} : { port }) });
      if (explained.wrong !== undefined) return command.error(explained.wrong, { exitCode: 2 });
      for (const guest of explained.unread) process.stderr.write(`vpcbox: could not look into ${guest}: taken to forward, translate nothing and answer\n`);
      const { endpoint } = await ask<Status>(box, "GET", "/status");
      const language = languageOf(process.env);
      const mend = (line: string): string => mendFor(line, { box, endpoint, known: process.env.AWS_ENDPOINT_URL });
      const contract = asContract(explained.answer, language, mend);
      if (json) console.log(JSON.stringify(explained.probe ? { ...contract, probe: explained.probe } : contract));
      else console.log([drawWay({ from, to, protocol, port }, explained.answer, language, mend), ...(explained.probe ? ["", drawProbe(explained.probe, explained.answer.reachable, language)] : [])].join("\n"));
      process.exitCode = explained.answer.reachable && explained.probe?.agrees !== false ? 0 : 1;
    });
}

/** {"reachable","explanations","forward","return"}: who is named by id, and texts are in one language. */
function asContract(answer: Answer, language: "en" | "ja", mend: (line: string) => string): object {
  const hop = ({ component, note, ...rest }: Answer["forward"][number]): unknown => ({ component: component.id, kind: component.kind, ...rest, ...(note ? { note: note[language] } : {}) });
  return {
    reachable: answer.reachable,
    explanations: answer.explanations.map(({ component, message, mend: line, ...rest }) => ({ ...rest, component: component.id, kind: component.kind, message: message[language], mend: mend(line) })),
    forward: answer.forward.map(hop),
    return: answer.return.map(hop),
  };
}
