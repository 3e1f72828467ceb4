// Owns the box's certificate authority and the certificate of its API under AWS's names: made once per state by openssl(1), good for
// those names alone (RFC 5280, name constraints), trusted by the box's guests and by nobody else.

import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../linux/exec.ts";

const DAYS = 3650;
const RENEW_MS = 90 * 86_400_000;

export interface Authority { readonly certificateFile: string; readonly server: { readonly key: string; readonly cert: string } }

/** @param regions of which each has names of its own */
export async function ensureAuthority(stateDir: string, box: string, regions: readonly string[]): Promise<Authority> {
  const directory = join(stateDir, "tls");
  const at = (name: string): string => join(directory, name);
  if (!isGood(at("ca.pem")) || !isGood(at("api.pem")) || !existsSync(at("api.key"))) {
    const growing = `${directory}.new`;
    rmSync(growing, { recursive: true, force: true });
    mkdirSync(growing, { recursive: true, mode: 0o700 });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256", "-days", String(DAYS)];
    await run(["openssl", "req", "-x509", ...key, "-keyout", join(growing, "ca.key"), "-out", join(growing, "ca.pem"), "-subj", `/O=vpcbox/CN=vpcbox box ${box}`,
      "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-addext", "nameConstraints=critical,permitted;DNS:amazonaws.com,permitted;DNS:api.aws"]);
    const names = ["*.amazonaws.com", "*.api.aws", ...regions.flatMap((region) => [`*.${region}.amazonaws.com`, `*.${region}.api.aws`])];
    await run(["openssl", "req", "-x509", ...key, "-CA", join(growing, "ca.pem"), "-CAkey", join(growing, "ca.key"), "-keyout", join(growing, "api.key"), "-out", join(growing, "api.pem"), "-subj", "/O=vpcbox/CN=*.amazonaws.com",
      "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth", "-addext", `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`]);
    rmSync(join(growing, "ca.key")); // it has signed what it was made for
    rmSync(directory, { recursive: true, force: true });
    renameSync(growing, directory);
  }
  return { certificateFile: at("ca.pem"), server: { key: readFileSync(at("api.key"), "utf8"), cert: readFileSync(at("api.pem"), "utf8") } };
}

function isGood(file: string): boolean {
  try {
    return Date.parse(new X509Certificate(readFileSync(file)).validTo) - Date.now() > RENEW_MS;
  } catch {
    return false; // not there, or cut short
  }
}
