// Owns pasting: a command that vpcbox said mends something, run as a person would, in a shell of its own.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { cli, run, type Box } from "./box.ts";

/** As it stands, with `npx vpcbox` being this tree's. */
export async function paste(box: Box, command: string): Promise<void> {
  assert.notEqual(command, "", "there is a command to paste");
  const env = { PATH: `${dirname(cli)}:${process.env.PATH ?? ""}`, HOME: box.stateDir, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1", AWS_PAGER: "", AWS_EC2_METADATA_DISABLED: "true" };
  const result = await run("bash", ["-c", `npx() { "$@"; }; ${command}`], { env });
  assert.equal(result.status, 0, `${command}: ${result.stderr}`);
}

/** A command of root's, inside. */
export async function inside(box: Box, instance: string, command: string): Promise<void> {
  const result = await box.exec(instance, "sh", "-c", command);
  assert.equal(result.status, 0, `${command}: ${result.stderr}`);
}
