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
  assert.deepEqual([gone.status, gone.stderr], [1, `packet: box ${box.name} has no link vb9999 in its tables; without --link they are listed\n`]);
  const flags = await packet("--link", "vbinternet", "--from", "192.0.2.80", "--to", "203.0.113.77", "--protocol", "tcp", "--flags", "16");
  assert.match(flags.stdout, /^dropped UNKNOWN_PUBLIC_ADDRESS at port 1/);
  const wrong = await packet("--nonsense");
  assert.deepEqual([wrong.status, wrong.stderr.trimEnd().split("\n").length], [1, 1], wrong.stderr);
});
