// Owns the comparison of analysis and packets over random networks: the verdict, and that every fault put in is among the causes. A network
// that fails is told in words, with its seed.

import { readNetwork } from "../../src/model/network.ts";
import { analyze } from "../../src/reach/analyze.ts";
import type { Answer } from "../../src/reach/question.ts";
import { draw, type Drawn } from "./drawn-network.ts";
import type { Stage } from "./stage.ts";

const UNANSWERED_MS = 40;
export interface Figures { networks: number; reachable: number; unreachable: number; faults: number; readonly byWay: Map<string, number>; readonly byProtocol: Map<string, number>; readonly codes: Map<string, number>; readonly failures: string[] }

export async function compare(stage: Stage, networks: number, seed: number, progress: (figures: Figures) => void = () => undefined): Promise<Figures> {
  const figures: Figures = { networks: 0, reachable: 0, unreachable: 0, faults: 0, byWay: new Map(), byProtocol: new Map(), codes: new Map(), failures: [] };
  for (let i = 0; i < networks && figures.failures.length < 5; i++) {
    const drawn = draw(seed + i, 1000 + (i % 5000) * 100);
    const guests = await stage.put(drawn);
    const answer = analyze(readNetwork(drawn.records.snapshot), drawn.question, guests);
    const got = await stage.answered(drawn, answer.reachable, UNANSWERED_MS);
    figures.networks++;
    figures[got ? "reachable" : "unreachable"]++;
    count(figures.byWay, drawn.way);
    count(figures.byProtocol, `${drawn.question.protocol}, ${got ? "answered" : "not answered"}`);
    for (const { code } of answer.explanations) count(figures.codes, code);
    if (got !== answer.reachable) figures.failures.push(tell(drawn, answer, `the analysis says ${answer.reachable ? "reachable" : "not reachable"}, the packet was ${got ? "answered" : "not answered"}`));
    for (const { fault, code, component } of drawn.putIn) {
      figures.faults++;
      if (!answer.explanations.some((e) => e.code === code && e.component.id === component)) figures.failures.push(tell(drawn, answer, `${fault} was put in, and ${code} at ${component} is not among the causes`));
    }
    progress(figures);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000)); // the last networks' late answers
  for (const late of stage.late) figures.failures.push(`seed ${late}: an answer came late to a packet that was said to get none`);
  return figures;
}

const count = (counts: Map<string, number>, name: string): void => { counts.set(name, (counts.get(name) ?? 0) + 1); };

function tell(drawn: Drawn, answer: Answer, what: string): string {
  const { source, destination, protocol, port } = drawn.question;
  return [
    `seed ${drawn.seed}: ${what}`,
    `  asked: ${JSON.stringify(source)} -> ${JSON.stringify(destination)} ${protocol} ${port ?? ""}, ${drawn.way}`,
    `  put in: ${drawn.putIn.map((one) => `${one.fault} at ${one.component}`).join("; ") || "nothing"}${drawn.noise.length > 0 ? `; at random:\n    ${drawn.noise.join("\n    ")}` : ""}`,
    `  causes: ${answer.explanations.map((e) => `${e.code} at ${e.component.id} (${e.direction}): ${e.message.en}`).join("\n    ") || "none"}`,
    `  way: ${answer.forward.map((c) => c.component.id).join(" ")} | ${answer.return.map((c) => c.component.id).join(" ")}`,
  ].join("\n");
}
