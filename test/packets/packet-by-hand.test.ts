// Owns the proof that docs/datapath.md's way to run one packet by hand works on a box that is up.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Box, run } from "../support/box.ts";

const box = new Box();
before(() => box.up());
after(() => box.remove());

test("one packet through the program by hand", async () => {
  const packet = (...more: string[]) => run("sh", ["tools/node.sh", "tools/packet.ts", "--box", box.name, ...more]);
  const listed = await packet();
  assert.match(listed.stdout, /^vbinternet \{"number":1,/m, listed.stderr);
  assert.match((await packet("--link", "vbinternet", "--from", "192.0.2.80", "--to", "203.0.113.77")).stdout, /^dropped UNKNOWN_PUBLIC_ADDRESS at port 1/);
  const gone = await packet("--link", "vb9999", "--to", "10.0.0.1");
  assert.notEqual(gone.status, 0);
});
