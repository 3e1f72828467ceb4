// Owns the proof that key pairs are what ssh-keygen and EC2 say they are.

import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash, createPrivateKey } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryContext, refused } from "../../../test/support/memory-context.ts";
import { createKeyPair } from "./create-key-pair.ts";
import { deleteKeyPair } from "./delete-key-pair.ts";
import { describeKeyPairs } from "./describe-key-pairs.ts";
import { importKeyPair } from "./import-key-pair.ts";

async function inDirectory<T>(fn: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "vpcbox-keys-"));
  try { return await fn(directory); } finally { rmSync(directory, { recursive: true }); }
}
/** What ssh-keygen makes of a private key file. */
const publicOf = (material: string): Promise<string> => inDirectory((directory) => {
  const file = join(directory, "key");
  writeFileSync(file, material);
  chmodSync(file, 0o600);
  return execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim();
});

for (const KeyType of ["rsa", "ed25519"] as const)
  test(`CreateKeyPair ${KeyType}: ssh-keygen reads the private key, and it is the public one's`, async () => {
    const ctx = memoryContext();
    const made = await createKeyPair({ KeyName: "mine", KeyType, TagSpecifications: [{ ResourceType: "key-pair", Tags: [{ Key: "a", Value: "b" }] }] }, ctx);
    assert.deepEqual([made.KeyName, made.Tags], ["mine", [{ Key: "a", Value: "b" }]]);
    const { KeyPairs } = await describeKeyPairs({ KeyNames: ["mine"], IncludePublicKey: true }, ctx);
    const [pair] = KeyPairs!;
    assert.equal((await publicOf(made.KeyMaterial!)).split(" ").slice(0, 2).join(" "), pair!.PublicKey!.split(" ").slice(0, 2).join(" "));
    assert.deepEqual([pair!.KeyPairId, pair!.KeyType, pair!.KeyFingerprint], [made.KeyPairId, KeyType, made.KeyFingerprint]);
    assert.match(made.KeyMaterial!, KeyType === "rsa" ? /^-----BEGIN RSA PRIVATE KEY-----\n/ : /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
    const fingerprint = KeyType === "rsa"
      ? createHash("sha1").update(createPrivateKey(made.KeyMaterial!).export({ type: "pkcs8", format: "der" })).digest("hex")
      : createHash("sha256").update(Buffer.from(pair!.PublicKey!.split(" ")[1]!, "base64")).digest("base64");
    assert.equal(KeyType === "rsa" ? made.KeyFingerprint!.replaceAll(":", "") : made.KeyFingerprint, fingerprint);
  });

test("CreateKeyPair in PuTTY's form: its parts hold together", async () => {
  for (const KeyType of ["rsa", "ed25519"] as const) {
    const { KeyMaterial } = await createKeyPair({ KeyName: "p", KeyType, KeyFormat: "ppk" }, memoryContext());
    const rows = KeyMaterial!.split("\r\n");
    assert.equal(rows[0], `PuTTY-User-Key-File-2: ssh-${KeyType}`);
    const publicLines = Number(rows[3]!.split(" ")[1]);
    const privateLines = Number(rows[4 + publicLines]!.split(" ")[1]);
    assert.ok(publicLines > 0 && privateLines > 0);
    assert.match(rows[5 + publicLines + privateLines]!, /^Private-MAC: [0-9a-f]{40}$/);
  }
});

test("ImportKeyPair: OpenSSH, PEM and SSH2 forms have one fingerprint; DescribeKeyPairs finds them", async () => {
  const ctx = memoryContext();
  await inDirectory(async (directory) => {
    const file = join(directory, "k");
    execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "me@home", "-f", file]);
    const forms = [
      readFileSync(`${file}.pub`, "utf8"),
      execFileSync("ssh-keygen", ["-e", "-m", "PKCS8", "-f", `${file}.pub`], { encoding: "utf8" }),
      execFileSync("ssh-keygen", ["-e", "-m", "RFC4716", "-f", `${file}.pub`], { encoding: "utf8" }),
    ];
    const der = Buffer.from(forms[1]!.replace(/-----.*-----/g, ""), "base64");
    const expected = createHash("md5").update(der).digest("hex").match(/../g)!.join(":");
    for (const [i, form] of [...forms, der.toString("base64")].entries()) {
      const got = await importKeyPair({ KeyName: `rsa${i}`, PublicKeyMaterial: Buffer.from(form) }, ctx);
      assert.equal(got.KeyFingerprint, expected, `form ${i}`);
    }
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${file}2`]);
    const shown = execFileSync("ssh-keygen", ["-l", "-E", "sha256", "-f", `${file}2.pub`], { encoding: "utf8" }).split(" ")[1]!.replace("SHA256:", "");
    const ed = await importKeyPair({ KeyName: "ed", PublicKeyMaterial: readFileSync(`${file}2.pub`) }, ctx);
    assert.equal(ed.KeyFingerprint!.replace(/=+$/, ""), shown);
    assert.deepEqual((await describeKeyPairs({ Filters: [{ Name: "fingerprint", Values: [ed.KeyFingerprint!] }] }, ctx)).KeyPairs!.map((k) => k.KeyName), ["ed"]);
    assert.deepEqual((await describeKeyPairs({ Filters: [{ Name: "key-name", Values: ["rsa?"] }] }, ctx)).KeyPairs!.length, 4);
    execFileSync("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", `${file}3`]);
    await refused(ctx, () => importKeyPair({ KeyName: "ec", PublicKeyMaterial: readFileSync(`${file}3.pub`) }, ctx), "InvalidKey.Format");
  });
});

test("key pairs: refusals, and deleting what is not there is no error", async () => {
  const ctx = memoryContext();
  const made = await createKeyPair({ KeyName: "a", KeyType: "ed25519" }, ctx);
  await refused(ctx, () => createKeyPair({ KeyName: "a", KeyType: "ed25519" }, ctx), "InvalidKeyPair.Duplicate");
  await refused(ctx, () => createKeyPair({ KeyName: "b", KeyType: "dsa" as "rsa" }, ctx), "InvalidParameterValue");
  await refused(ctx, () => createKeyPair({ KeyName: "" }, ctx), "MissingParameter");
  await refused(ctx, () => createKeyPair({ KeyName: "x".repeat(256) }, ctx), "InvalidParameterValue");
  await refused(ctx, () => importKeyPair({ KeyName: "b", PublicKeyMaterial: Buffer.from("no key at all!") }, ctx), "InvalidKey.Format", "Key is not in valid OpenSSH public key format");
  await refused(ctx, () => importKeyPair({ KeyName: "b", PublicKeyMaterial: Buffer.from("ssh-rsa AAAA") }, ctx), "InvalidKey.Format");
  await refused(ctx, () => describeKeyPairs({ KeyNames: ["a", "zz"] }, ctx), "InvalidKeyPair.NotFound", "The key pair 'zz' does not exist");
  assert.deepEqual(await deleteKeyPair({ KeyName: "a" }, ctx), { Return: true, KeyPairId: made.KeyPairId });
  assert.deepEqual(await deleteKeyPair({ KeyName: "a" }, ctx), { Return: true });
  assert.deepEqual(await describeKeyPairs({}, ctx), { KeyPairs: [] });
});
