// Owns the verification of Signature Version 4, in headers and in presigned URLs (IAM user guide, "AWS Signature Version 4 for API
// requests"). Bodies are always hashed here: what a client claims about its body is only ever compared.

import { hash, createHmac, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import { AuthFault } from "./faults.ts";
import type { Principal, Session } from "./sessions.ts";

const SKEW_MS = 15 * 60_000;
const LONGEST_PRESIGNED_SECONDS = 7 * 24 * 60 * 60;
const ALGORITHM = "AWS4-HMAC-SHA256";
const MISMATCH = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

export interface SignedRequest {
  readonly method: string;
  readonly url: string; // path and query as received
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>; // lower-case names
  readonly body: Buffer; // as received, compressed or not
}
/** `principal` of temporary credentials; a long-term key is the account's own. */
export interface Verified { readonly accessKeyId: string; readonly region: string; readonly service: string; readonly principal?: Principal }
export interface Authority {
  /** The secret of an access key; undefined when there is no such key. */
  secretOf(accessKeyId: string): string | undefined;
  /** What the token of temporary credentials says; undefined when it was not made here for this key, or no longer counts. */
  sessionOf(accessKeyId: string, token: string): Session | undefined;
  isRegion(region: string): boolean;
  isService(service: string): boolean;
  now(): Date;
}

interface Claim { readonly credential: string; readonly signedHeaders: string; readonly signature: string; readonly date: string; readonly token: string | undefined; readonly expiresSeconds: number | undefined }
interface Scope { readonly accessKeyId: string; readonly day: string; readonly region: string; readonly service: string }

/** Who signed the request, for which region and service. Throws AuthFault. */
export function verify(request: SignedRequest, authority: Authority): Verified {
  const { path, query } = splitUrl(request.url);
  const claim = readClaim(request, query);
  const scope = readScope(claim.credential);
  checkTime(claim, scope, authority.now().getTime());
  if (!authority.isService(scope.service)) throw new AuthFault("scope", "Credential should be scoped to correct service.", scope.service);
  if (!authority.isRegion(scope.region)) throw new AuthFault("scope", "Credential should be scoped to a valid region.", scope.service);
  const { secret, principal } = keyOf(claim, scope, authority);
  const names = claim.signedHeaders.split(";");
  const mismatch = (message = MISMATCH): AuthFault => new AuthFault("mismatch", message, scope.service);
  if (!names.includes("host")) throw mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  for (const name of Object.keys(request.headers)) if (name.startsWith("x-amz-") && !names.includes(name)) throw mismatch(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
  const bodyHash = sha256(request.body);
  const claimedHash = header(request, "x-amz-content-sha256");
  if (claimedHash !== undefined && claimedHash !== bodyHash) throw mismatch("The value of x-amz-content-sha256 is not the hash of the body."); // UNSIGNED-PAYLOAD too
  const canonical = [
    request.method,
    path.split("/").map(encode).join("/") || "/", // encoded a second time, as every service but S3 wants it
    canonicalQuery(query),
    ...names.map((name) => `${name}:${(request.headers[name] ?? []).map((v) => v.trim().replace(/\s+/g, " ")).join(",")}`),
    "",
    claim.signedHeaders,
    bodyHash,
  ].join("\n");
  const text = `${ALGORITHM}\n${claim.date}\n${scope.day}/${scope.region}/${scope.service}/aws4_request\n${sha256(canonical)}`;
  const expected = hmac(signingKey(scope, secret), text);
  const given = Buffer.from(/^[0-9a-f]{64}$/.test(claim.signature) ? claim.signature : "", "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw mismatch();
  return { accessKeyId: scope.accessKeyId, region: scope.region, service: scope.service, ...(principal ? { principal } : {}) };
}

/** The secret that the call must be signed with. Long-term keys have no token, temporary ones have none but their own. */
function keyOf(claim: Claim, scope: Scope, authority: Authority): { readonly secret: string; readonly principal: Principal | undefined } {
  const secret = authority.secretOf(scope.accessKeyId);
  if (claim.token === undefined) {
    if (secret === undefined) throw new AuthFault("unknownKey", "", scope.service);
    return { secret, principal: undefined };
  }
  const session = secret === undefined ? authority.sessionOf(scope.accessKeyId, claim.token) : undefined;
  if (!session) throw new AuthFault("badToken", "", scope.service);
  if (session.expiresAtMs <= authority.now().getTime()) throw new AuthFault("expiredToken", "", scope.service);
  return { secret: session.secret, principal: session.principal };
}

/** The service a request names in its credential, verified or not: decides only in which form a refusal is written. */
export function claimedService(request: Pick<SignedRequest, "url" | "headers">): string | undefined {
  const authorization = request.headers.authorization?.[0];
  const credential = authorization !== undefined ? /Credential=([^,\s]+)/.exec(authorization)?.[1] : splitUrl(request.url).query.find(([name]) => name === "X-Amz-Credential")?.[1];
  return credential?.split("/")[3];
}

function splitUrl(url: string): { path: string; query: readonly (readonly [string, string])[] } {
  const at = url.indexOf("?");
  return at < 0 ? { path: url, query: [] } : { path: url.slice(0, at), query: [...new URLSearchParams(url.slice(at + 1))] };
}

function readClaim(request: SignedRequest, query: readonly (readonly [string, string])[]): Claim {
  const incomplete = (message: string): AuthFault => new AuthFault("incomplete", message, claimedService(request));
  const authorization = header(request, "authorization");
  if (authorization !== undefined) {
    if (!authorization.startsWith(`${ALGORITHM} `)) throw incomplete(`Unsupported AWS 'algorithm': '${authorization.split(" ", 1)[0]!.slice(0, 50)}'`);
    const parts = new Map(authorization.slice(ALGORITHM.length).split(",").map((part): [string, string] => {
      const at = part.indexOf("=");
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    }));
    const part = (name: string): string => {
      const value = parts.get(name);
      if (value === undefined || value === "") throw incomplete(`Authorization header requires '${name}' parameter.`);
      return value;
    };
    const date = header(request, "x-amz-date");
    if (date === undefined) throw incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    return { credential: part("Credential"), signedHeaders: part("SignedHeaders"), signature: part("Signature"), date, token: header(request, "x-amz-security-token"), expiresSeconds: undefined };
  }
  const inUrl = new Map(query);
  if (!inUrl.has("X-Amz-Algorithm")) throw new AuthFault("missing", "Request is missing Authentication Token", undefined);
  const part = (name: string): string => {
    const value = inUrl.get(name);
    if (value === undefined || value === "") throw incomplete(`AWS query-string parameters must include '${name}'.`);
    return value;
  };
  if (part("X-Amz-Algorithm") !== ALGORITHM) throw incomplete("Unsupported AWS 'algorithm'");
  const expiresSeconds = Number(part("X-Amz-Expires"));
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 1 || expiresSeconds > LONGEST_PRESIGNED_SECONDS) throw incomplete("X-Amz-Expires must be a number of seconds from 1 to 604800");
  return { credential: part("X-Amz-Credential"), signedHeaders: part("X-Amz-SignedHeaders"), signature: part("X-Amz-Signature"), date: part("X-Amz-Date"), token: inUrl.get("X-Amz-Security-Token"), expiresSeconds };
}

function readScope(credential: string): Scope {
  const [accessKeyId, day, region, service, end, more] = credential.split("/");
  if (!accessKeyId || !day || !region || !service || end !== "aws4_request" || more !== undefined)
    throw new AuthFault("incomplete", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request", service);
  return { accessKeyId, day, region, service };
}

function checkTime(claim: Claim, scope: Scope, nowMs: number): void {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(claim.date);
  const atMs = m ? Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]), Number(m[4]), Number(m[5]), Number(m[6])) : NaN;
  if (Number.isNaN(atMs)) throw new AuthFault("incomplete", "Date must be in ISO-8601 'basic format'.", scope.service);
  if (claim.date.slice(0, 8) !== scope.day) throw new AuthFault("mismatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP", scope.service);
  const untilMs = claim.expiresSeconds === undefined ? atMs + SKEW_MS : atMs + claim.expiresSeconds * 1000;
  const expired = (message: string): AuthFault => new AuthFault("expired", message, scope.service);
  if (nowMs > untilMs) throw expired(claim.expiresSeconds === undefined ? "Request has expired." : "Request has expired. Timestamp date is before the last permitted one.");
  if (atMs > nowMs + SKEW_MS) throw expired("Request has expired. Timestamp date is in the future.");
}

function canonicalQuery(query: readonly (readonly [string, string])[]): string {
  const pairs = query.filter(([name]) => name !== "X-Amz-Signature").map(([name, value]): [string, string] => [encode(name), encode(value)]);
  pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0)); // by name, then value
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

const header = (request: Pick<SignedRequest, "headers">, name: string): string | undefined => request.headers[name]?.join(",");
const sha256 = (data: string | Buffer): string => hash("sha256", data);
const hmac = (key: KeyObject | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const signingKeys = new Map<string, KeyObject>(); // one a key, day, region and service
function signingKey(scope: Scope, secret: string): KeyObject {
  const name = JSON.stringify([scope, secret]);
  let key = signingKeys.get(name);
  if (!key) {
    if (signingKeys.size >= 256) signingKeys.clear();
    key = createSecretKey([scope.day, scope.region, scope.service, "aws4_request"].reduce<Buffer>((k, part) => hmac(k, part), Buffer.from(`AWS4${secret}`)));
    signingKeys.set(name, key);
  }
  return key;
}
