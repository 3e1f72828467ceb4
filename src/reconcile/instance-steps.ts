// Owns what happens next to an instance, given what its record wants and what its guest does: pure, so that every pair of
// states has an answer and any order of kills and calls ends where the record says.

import type { GuestRead } from "../instances/guest.ts";
import type { Instance } from "../model/records.ts";

export type Step =
  | "boot" // make its namespaces, links and root, start its init; then the record says running
  | "restart" // a reboot: the running guest is of an older boot
  | "mark-running" // it runs, the record does not know yet (a kill came between)
  | "mark-exited" // it ended by itself while its record says running
  | "stop" // end it, keep its disk; then the record says stopped
  | "remove" // end it, delete its disk; then the record says terminated
  | "none";

export function nextStep(record: Instance | undefined, guest: GuestRead | undefined): Step {
  if (!record) return guest ? "remove" : "none";
  const running = guest?.status === "running";
  const current = guest?.bootNumber === record.bootNumber;
  switch (record.state) {
    case "pending": return running ? (current ? "mark-running" : "restart") : "boot";
    case "running": return running ? (current ? "none" : "restart") : "mark-exited";
    case "stopping": return "stop";
    case "stopped": return running ? "stop" : "none";
    case "shutting-down": return "remove";
    case "terminated": return guest ? "remove" : "none";
  }
}
