// Owns which guests are looked into for an analysis: the analyzer is asked, the guests it asked about are read, and it is asked again,
// until it asks about no other. So only guests on the way are read, however large the network.

import type { Snapshot } from "./model/snapshot.ts";
import type { Guest, GuestFacts, Guests } from "./reach/guest.ts";
import { absentGuest, readGuest } from "./reach/guest-walk.ts";
import { ownInterfaces } from "./reach/own-interfaces.ts";

export interface Looked<T> {
  readonly answer: T;
  readonly facts: readonly GuestFacts[];
  /** Guests that could not be read, each with the reason: the answer takes them to forward, to translate nothing and to answer. */
  readonly problems: readonly string[];
}

export type ReadFacts = (instanceId: string) => Promise<GuestFacts>;

/** @param decide the analyzer, on the guests it is given; it is run again with more of them */
export async function lookingIntoGuests<T>(snapshot: Snapshot, readFacts: ReadFacts, decide: (guests: Guests) => T): Promise<Looked<T>> {
  const known = new Map<string, Guest | undefined>();
  const facts: GuestFacts[] = [];
  const problems: string[] = [];
  for (;;) {
    const asked = new Set<string>();
    const answer = decide((id) => {
      if (!known.has(id)) asked.add(id);
      return known.get(id);
    });
    if (asked.size === 0) return { answer, facts, problems };
    await Promise.all([...asked].map(async (id) => {
      const state = snapshot.get("instance", id)?.state ?? "gone";
      if (state !== "running") { known.set(id, state === "pending" ? absentGuest(id, state) : undefined); return; } // of a stopped one the network has no interface: the walk says so
      try {
        const read = await readFacts(id);
        facts.push(read);
        known.set(id, readGuest(read, ownInterfaces(snapshot, id)));
      } catch (error) {
        known.set(id, undefined);
        problems.push(`${id}: ${(error as Error).message}`);
      }
    }));
  }
}
