// Owns what a part of the benchmark is and what it answers: figures, each with its median, spread and what it has to reach.

import type { BenchBox } from "./network.ts";

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
  readonly target: string; // "-": none
}

export function figure(name: string, unit: string, samples: readonly number[], target: string): Figure {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
  return { name, unit, median: at(0.5), min: at(0), max: sorted.at(-1) ?? Number.NaN, samples: sorted.length, target };
}

/** What a part is given. */
export interface Bench {
  readonly rounds: number;
  /** A box with the guide's network, and the bare chain beside it: made for the first part that asks, the same for all, removed at the end. */
  guide(): Promise<BenchBox>;
  note(text: string): void;
}

export interface Part {
  readonly about: string;
  measure(bench: Bench): Promise<readonly Figure[]>;
}
