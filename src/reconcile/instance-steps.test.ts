// Owns the proof that every pair of record and guest has the right next step.
import { test } from "node:test";
import assert from "node:assert/strict";
import type { GuestRead } from "../instances/guest.ts";
import type { Instance, InstanceState } from "../model/records.ts";
import { nextStep } from "./instance-steps.ts";

const record = (state: InstanceState): Instance => ({ id: "i-1", state, bootNumber: 2 }) as Instance;
const guest = (status: GuestRead["status"], bootNumber = 2): GuestRead => ({ instanceId: "i-1", status, bootNumber, pid: 1 });

test("instance steps: every pair of states", () => {
  const rows: [InstanceState | undefined, GuestRead | undefined, string][] = [
    [undefined, undefined, "none"], [undefined, guest("running"), "remove"], [undefined, guest("stopped"), "remove"],
    ["pending", undefined, "boot"], ["pending", guest("stopped"), "boot"], ["pending", guest("running"), "mark-running"], ["pending", guest("running", 1), "restart"],
    ["running", undefined, "mark-exited"], ["running", guest("stopped"), "mark-exited"], ["running", guest("running"), "none"], ["running", guest("running", 1), "restart"],
    ["stopping", undefined, "stop"], ["stopping", guest("running"), "stop"], ["stopping", guest("stopped"), "stop"],
    ["stopped", undefined, "none"], ["stopped", guest("stopped"), "none"], ["stopped", guest("running"), "stop"],
    ["shutting-down", undefined, "remove"], ["shutting-down", guest("running"), "remove"],
    ["terminated", undefined, "none"], ["terminated", guest("stopped"), "remove"],
  ];
  for (const [state, read, want] of rows) assert.equal(nextStep(state && record(state), read), want, `${state} ${read?.status} ${read?.bootNumber}`);
});
