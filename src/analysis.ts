// Owns the analyzer with its eyes open: reads the insides of those guests that a question is about, as it turns out who they are, and
// asks again until it knows all of them. One file for the command, the doctor and the API.

import type { GuestFacts } from "./instances/guest-facts.ts";
import type { Network } from "./model/network.ts";
import { analyze } from "./reach/analyze.ts";
import { absentGuest, readGuest } from "./reach/guest-walk.ts";
import type { Guest, Guests } from "./reach/guest.ts";
import type { Answer, Question } from "./reach/question.ts";

/** `unread`: guests that could not be looked into, in words; of them nothing is known. */
export interface Analysis { readonly answer: Answer; readonly guests: Guests; readonly unread: readonly string[] }
export type ReadFacts = (instanceId: string) => Promise<GuestFacts>;

const MOST_ROUNDS = 16;

export async function analyzeWithGuests(network: Network, question: Question, facts: ReadFacts): Promise<Analysis> {
  return withGuests(network, facts, (guests) => analyze(network, question, guests));
}

/** Asks until all guests that it asked for are known. */
export async function withGuests(network: Network, facts: ReadFacts, ask: (guests: Guests) => Answer): Promise<Analysis> {
  const known = new Map<string, Guest | undefined>();
  const unread: string[] = [];
  for (let round = 0; ; round++) {
    const wanted = new Set<string>();
    const guests: Guests = (id) => { if (!known.has(id)) wanted.add(id); return known.get(id); };
    const answer = ask(guests);
    if (wanted.size === 0 || round === MOST_ROUNDS) return { answer, guests, unread };
    await Promise.all([...wanted].map(async (id) => { known.set(id, await look(network, id, facts, unread)); }));
  }
}

async function look(network: Network, id: string, facts: ReadFacts, unread: string[]): Promise<Guest | undefined> {
  const state = network.snapshot.get("instance", id)?.state;
  if (state === "pending") return absentGuest(id, state);
  if (state !== "running") return undefined; // the network has no interface of it: the walk says so
  try {
    return readGuest(await facts(id));
  } catch (error) {
    unread.push(`${id}: ${(error as Error).message}`);
    return undefined;
  }
}
