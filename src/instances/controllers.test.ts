// Owns that nobody takes from the root of a cgroup version 2 tree what a box's guests are limited by: on this machine's own tree.
import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { holdControllers, releaseControllers } from "./controllers.ts";

test("the root's controllers stay while a box is there; afterwards nothing of it is left", (t) => {
  const root = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((directory) => existsSync(join(directory, "cgroup.controllers")));
  const [controller] = root ? readFileSync(join(root, "cgroup.controllers"), "utf8").trim().split(/\s+/).filter((name) => name !== "").slice(-1) : [];
  if (!root || !controller) return t.skip("no tree of version 2 has a controller here");
  const box = `controllers-${process.pid}`, control = join(root, "cgroup.subtree_control"), before = readFileSync(control, "utf8").split(/\s+/).includes(controller);
  try {
    holdControllers(box, root, [controller]);
    holdControllers(box, root, [controller]); // as with each guest's start
    assert.throws(() => writeFileSync(control, `-${controller}`), { code: "EBUSY" }, "what systemd does");
    assert.ok(readFileSync(control, "utf8").split(/\s+/).includes(controller));
  } finally {
    releaseControllers(box, root);
    if (!before) writeFileSync(control, `-${controller}`);
  }
  assert.equal(existsSync(join(root, `vpcbox.${box}`)), false);
  releaseControllers(box, root);
});
