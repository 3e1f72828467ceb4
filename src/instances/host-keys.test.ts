// Owns the proof that OpenSSH takes the host keys for what they are.
import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../linux/exec.ts";
import { newHostKeys } from "./host-keys.ts";

test("ssh-keygen reads the private keys, finds the same public ones, and the same fingerprints", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vpcbox-host-keys-"));
  try {
    for (let i = 0; i < 8; i++) { // lengths and leading zeros differ from key to key
      const keys = newHostKeys("ip-10-0-0-10");
      let prints = "";
      for (const kind of ["ecdsa", "ed25519"]) {
        const file = join(folder, `key-${i}-${kind}`);
        writeFileSync(file, keys[`ssh_host_${kind}_key`]!, { mode: 0o600 });
        const derived = (await run(["ssh-keygen", "-y", "-f", file])).stdout.trim().split(" ").slice(0, 2).join(" ");
        const shown = keys[`ssh_host_${kind}_key.pub`]!;
        assert.ok(shown.startsWith(`${derived} root@ip-10-0-0-10\n`), `${shown} is not ${derived}`);
        writeFileSync(`${file}.pub`, shown);
        prints += (await run(["ssh-keygen", "-l", "-f", `${file}.pub`])).stdout;
      }
      assert.equal(keys.fingerprints, prints);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
