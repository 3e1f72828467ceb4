// Owns hand-signed requests, so that tests can send what no client would: a signature of Signature Version 4 by its four steps.

import { createHash, createHmac } from "node:crypto";

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Headers for a POST to `/` with this body, by key `test` with secret `secret`. */
export function signedHeaders(service: string, body: string | Buffer, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/us-east-1/${service}/aws4_request`;
  const headers: Record<string, string> = { host: "box", "x-amz-date": date, "content-type": "application/x-www-form-urlencoded", ...extra };
  const names = Object.keys(headers).sort();
  const canonical = ["POST", "/", "", ...names.map((n) => `${n}:${headers[n]}`), "", names.join(";"), sha256(body)].join("\n");
  const key = scope.split("/").reduce<Buffer>((k, part) => hmac(k, part), Buffer.from("AWS4secret"));
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString("hex");
  return { ...headers, authorization: `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}` };
}

/** The whole request as bytes; the connection is to close after it. */
export function signedPost(service: string, body: string | Buffer, extra: Readonly<Record<string, string>> = {}): Buffer {
  const headers = { ...signedHeaders(service, body, extra), connection: "close", "content-length": String(Buffer.byteLength(body)) };
  return Buffer.concat([Buffer.from(`POST / HTTP/1.1\r\n${Object.entries(headers).map(([k, v]) => `${k}: ${v}`).join("\r\n")}\r\n\r\n`), Buffer.from(body)]);
}
