// Owns the analyzer's figure: one analysis over a network of 1,000 interfaces, the snapshot read anew each time as the daemon does.

import { readNetwork } from "../src/model/network.ts";
import { analyze } from "../src/reach/analyze.ts";
import type { Question } from "../src/reach/question.ts";
import { guideRecords, simpleGuests } from "../test/support/reach-network.ts";
import { figure, type Part } from "./figure.ts";

const INTERFACES = 1000, EACH_ROUND = 20;

export const analysisPart: Part = {
  about: "one analysis by the Reachability Analyzer, over 1,000 interfaces",
  measure: async ({ rounds }) => {
    const records = guideRecords();
    for (let i = 2; i < INTERFACES; i++) records.instance(`more-${i}`, i % 2 ? "subnet-private" : "subnet-public", `10.0.${i % 2 ? 1 + (i >> 8) * 2 : (i >> 8) * 2}.${i & 255}`, i % 2 ? "sg-private" : "sg-nat");
    const guests = simpleGuests(records, "i-nat");
    const question: Question = { source: { kind: "interface", id: "eni-private" }, destination: { kind: "address", address: "192.0.2.80" }, protocol: "icmp" };
    const time = (): number => {
      const { snapshot } = records;
      const began = performance.now();
      analyze(readNetwork(snapshot), question, guests);
      return performance.now() - began;
    };
    const samples = (): number[] => Array.from({ length: rounds * EACH_ROUND }, time);
    samples(); // warm, as a daemon is
    const reachable = samples();
    records.change("network-interface", "eni-nat", { sourceDestCheck: true }).change("security-group", "sg-nat", { rules: [] }).table("rtb-main", "vpc-1", [], { main: true });
    return [figure("analysis: reachable, 1,000 interfaces", "ms", reachable, "< 50"), figure("analysis: four causes, 1,000 interfaces", "ms", samples(), "< 50")];
  },
};
