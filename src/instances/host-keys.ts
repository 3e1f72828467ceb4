// Owns a new guest's host keys: made here, for ssh-keygen(1) in the guest would take as long as all else of its boot. They are in its
// seed on its first boot, which puts them in place.

import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { opensshPrivateKey, publicBlob, sshString } from "../lib/ssh-encoding.ts";

/** File name -> content; "fingerprints" is as `ssh-keygen -l` prints them. */
export function newHostKeys(hostname: string): Readonly<Record<string, string>> {
  const comment = `root@${hostname}`;
  const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
  const point = ec.export({ format: "jwk" });
  const ecBlob = Buffer.concat([sshString("ecdsa-sha2-nistp256"), sshString("nistp256"), sshString(Buffer.concat([Buffer.from([4]), Buffer.from(point.x!, "base64url"), Buffer.from(point.y!, "base64url")]))]);
  const ed = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const edBlob = publicBlob("ed25519", ed);
  const fingerprint = (blob: Buffer, name: string): string => `256 SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")} ${comment} (${name})\n`;
  return {
    ssh_host_ecdsa_key: ec.export({ format: "pem", type: "sec1" }).toString(),
    "ssh_host_ecdsa_key.pub": `ecdsa-sha2-nistp256 ${ecBlob.toString("base64")} ${comment}\n`,
    ssh_host_ed25519_key: opensshPrivateKey(ed, randomBytes(4), comment),
    "ssh_host_ed25519_key.pub": `ssh-ed25519 ${edBlob.toString("base64")} ${comment}\n`,
    fingerprints: fingerprint(ecBlob, "ECDSA") + fingerprint(edBlob, "ED25519"),
  };
}
