// Owns the request of `vpcbox explain --probe`: the question, the analyzer's answer to it, and the real packet beside it.

import { drops as dropViews } from "./box-views.ts";
import { ControlError } from "./control.ts";
import { explainQuestion } from "./explain.ts";
import { lookingIntoGuests, type ReadFacts } from "./guest-reading.ts";
import type { Snapshot } from "./model/snapshot.ts";
import { probe, type Probe, type ProbeDeps } from "./probe.ts";
import { analyze } from "./reach/analyze.ts";
import type { Answer, Question } from "./reach/question.ts";

export type Probed = { readonly wrong: string } | { readonly question: Question; readonly answer: Answer; readonly unread: readonly string[]; readonly probe: Probe };

export async function probing(snapshot: Snapshot, words: URLSearchParams, readFacts: ReadFacts, deps: ProbeDeps): Promise<Probed> {
  try {
    const { network, question } = explainQuestion(snapshot, words);
    if (question.source.kind === "peering") throw new ControlError(400, "--probe needs a sender: give an instance, an interface, a gateway or an address as --from");
    const { answer, facts, problems } = await lookingIntoGuests(snapshot, readFacts, (guests) => analyze(network, question, guests));
    const found = await probe(deps, network, question, answer, facts, (drop) => (dropViews(snapshot, [drop], "")[0] as { interface: string } | undefined)?.interface ?? "");
    return { question, answer, unread: problems, probe: found };
  } catch (error) {
    if (error instanceof ControlError && error.status === 400) return { wrong: error.message };
    throw error;
  }
}
