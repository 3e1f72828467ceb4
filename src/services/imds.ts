// Owns the instance metadata service at 169.254.169.254 (EC2 user guide, "Access instance metadata"): version 2 with tokens, and
// version 1 where the instance's options allow it. Who asks is known by the fabric's word (askers.ts), never by the question.

import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createServer } from "../lib/http.ts";
import { setTtl } from "../linux/libc.ts";
import type { Instance } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { askerOf } from "./askers.ts";
import { lookUp, metadataTree, type InstanceRole } from "./metadata-tree.ts";

const MAX_TTL_SECONDS = 21_600;
const IDLE_MS = 10_000;
const versions = new Set([
  "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
  "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-07-09", "2022-09-24", "2024-04-11", "2025-01-16", "latest",
]);
const usualTtl = 64;

export interface MetadataOptions {
  readonly accountId: string;
  snapshot(): Snapshot;
  /** Of an instance that has an instance profile. */
  roleOf(instance: Instance): InstanceRole | undefined;
}

export function createMetadataServer(options: MetadataOptions): Server {
  const key = randomBytes(32); // of this daemon: a token of an older one is refused, and clients ask for another
  const server = createServer((request, response) => {
    request.resume();
    try {
      answer(options, key, request, response);
    } catch {
      send(response, 500, "");
    }
  });
  server.requestTimeout = IDLE_MS;
  server.maxConnections = 4096;
  return server;
}

function answer(options: MetadataOptions, key: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const snapshot = options.snapshot();
  const instance = askerOf(snapshot, request.socket.remoteAddress ?? "")?.instance;
  if (!instance) return send(response, 404, "");
  const { httpEndpoint, httpTokens, httpPutResponseHopLimit } = instance.metadataOptions;
  if (httpEndpoint === "disabled") return send(response, 403, "");
  if (request.headers["x-forwarded-for"] !== undefined && request.method === "PUT") return send(response, 403, ""); // AWS: no tokens through a proxy
  const path = (request.url ?? "/").split("?")[0]!;

  limitHops(request.socket, request.method === "PUT" ? httpPutResponseHopLimit : usualTtl);
  if (path === "/latest/api/token") {
    if (request.method !== "PUT") return send(response, 405, "");
    const ttl = request.headers["x-aws-ec2-metadata-token-ttl-seconds"];
    const seconds = typeof ttl === "string" && /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
    if (seconds < 1 || seconds > MAX_TTL_SECONDS) return send(response, 400, "");
    response.setHeader("x-aws-ec2-metadata-token-ttl-seconds", String(seconds));
    return send(response, 200, makeToken(key, instance.id, Date.now() + seconds * 1000));
  }
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "");
  const token = request.headers["x-aws-ec2-metadata-token"];
  if (token === undefined ? httpTokens === "required" : !isToken(key, instance.id, String(token))) return send(response, 401, "");
  const found = read(snapshot, instance, options, path);
  return found === undefined ? send(response, 404, "") : send(response, 200, found);
}

function read(snapshot: Snapshot, instance: Instance, options: MetadataOptions, path: string): string | Buffer | undefined {
  if (path === "/" || path === "") return [...versions].join("\n");
  const [, version = "", ...rest] = path.split("/");
  if (!versions.has(version)) return undefined;
  const inside = rest.join("/").replace(/\/+$/, "");
  const userData = instance.userData === undefined || instance.userData === "" ? undefined : Buffer.from(instance.userData, "base64");
  if (inside === "user-data") return userData;
  const tree = metadataTree(snapshot, instance, options.accountId, options.roleOf(instance));
  return lookUp(userData ? { ...tree, "user-data": "" } : tree, inside);
}

/** "EXPIRY.SIGNATURE" in a form of AWS's tokens; good for one instance, without a table to keep. */
function makeToken(key: Buffer, instanceId: string, expiresAtMs: number): string {
  const expiry = Buffer.alloc(8);
  expiry.writeBigUInt64BE(BigInt(expiresAtMs));
  return Buffer.concat([expiry, signature(key, instanceId, expiry)]).toString("base64url") + "==";
}

function isToken(key: Buffer, instanceId: string, token: string): boolean {
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length !== 40) return false;
  const expiry = bytes.subarray(0, 8);
  return timingSafeEqual(bytes.subarray(8), signature(key, instanceId, expiry)) && Number(expiry.readBigUInt64BE()) > Date.now();
}

const signature = (key: Buffer, instanceId: string, expiry: Buffer): Buffer => createHmac("sha256", key).update(instanceId).update(expiry).digest();

/** The answer to PUT dies where it is forwarded more often than the instance's options allow: a token does not leave by a router. */
function limitHops(socket: Socket, hops: number): void {
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd; // Node has no call for it
  if (fd !== undefined && fd >= 0) setTtl(fd, hops);
}

const reasons: Readonly<Record<number, string>> = { 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 500: "Internal Server Error" };
const page = (title: string): string => `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head><title>${title}</title></head>
 <body><h1>${title}</h1></body>
</html>
`;

function send(response: ServerResponse, status: number, content: string | Buffer): void {
  const refused = status in reasons;
  const body = refused ? page(`${status} - ${reasons[status]}`) : content;
  response.writeHead(status, { "content-type": refused ? "text/html" : "text/plain", "content-length": Buffer.byteLength(body), "server": "EC2ws" }).end(body);
}
