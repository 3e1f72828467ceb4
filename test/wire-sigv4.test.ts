// Owns that signatures are verified: the SDK's own signer is the oracle, in headers and in presigned URLs; what is changed on the way,
// late, foreign or missing is refused in the words of each protocol.

import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { AuthFault, authError, type AuthFaultKind } from "../src/wire/faults.ts";
import { verify, type Authority, type SignedRequest } from "../src/wire/sigv4.ts";

const now = new Date("2026-11-24T12:00:00Z");
const authority: Authority = {
  secretOf: (id) => (id === "AKID" ? "the+secret/with=signs" : undefined),
  sessionOf: () => undefined,
  isRegion: (region) => region === "us-east-1" || region === "eu-west-1",
  isService: (service) => ["ec2", "sts", "ssm"].includes(service),
  now: () => now,
};
class Sha256 {
  #data: Buffer[] = [];
  readonly #key: Uint8Array | string | undefined;
  constructor(key?: Uint8Array | string) { this.#key = key; }
  update(data: string | Uint8Array): void { this.#data.push(Buffer.from(data as string)); }
  async digest(): Promise<Uint8Array> {
    return (this.#key === undefined ? createHash("sha256") : createHmac("sha256", this.#key)).update(Buffer.concat(this.#data)).digest();
  }
}
interface Shape { id: string; secret: string; region: string; service: string; date: Date; token: string; method: string; path: string; query: Record<string, string>; body: string; headers: Record<string, string>; expiresIn: number }
const signerOf = (o: Partial<Shape>): SignatureV4 => new SignatureV4({
  credentials: { accessKeyId: o.id ?? "AKID", secretAccessKey: o.secret ?? "the+secret/with=signs", ...(o.token === undefined ? {} : { sessionToken: o.token }) },
  region: o.region ?? "us-east-1", service: o.service ?? "ec2", sha256: Sha256 as never,
});
const unsigned = (o: Partial<Shape>) => ({
  method: o.method ?? "POST", protocol: "http:", hostname: "127.0.0.1", path: o.path ?? "/", query: o.query ?? {},
  headers: { host: "127.0.0.1:4566", "content-type": "application/x-www-form-urlencoded", ...o.headers }, body: o.body ?? "Action=DescribeVpcs&Version=2016-11-15",
});
const received = (r: { method: string; path: string; query?: unknown; headers: Record<string, string>; body?: unknown }): SignedRequest => {
  const query = Object.entries((r.query ?? {}) as Record<string, string>).map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join("&");
  return { method: r.method, url: query === "" ? r.path : `${r.path}?${query}`, headers: Object.fromEntries(Object.entries(r.headers).map(([k, v]) => [k.toLowerCase(), [v]])), body: Buffer.from((r.body as string | undefined) ?? "") };
};
const signed = async (o: Partial<Shape> = {}): Promise<SignedRequest> => received(await signerOf(o).sign(unsigned(o) as never, { signingDate: o.date ?? now }) as never);
const presigned = async (o: Partial<Shape> = {}): Promise<SignedRequest> => {
  const request = { ...unsigned({ method: "GET", body: "", ...o }), headers: { host: "127.0.0.1:4566", ...o.headers } };
  return received(await signerOf(o).presign(request as never, { signingDate: o.date ?? now, expiresIn: o.expiresIn ?? 60 }) as never);
};
const refused = (request: SignedRequest, kind: AuthFaultKind, words: RegExp = /(?:)/): void => {
  assert.throws(() => verify(request, authority), (error) => error instanceof AuthFault && error.kind === kind && words.test(error.message));
};

test("what the SDK signs is good, in headers and in URLs", async () => {
  const cases: Partial<Shape>[] = [
    {}, { body: "" }, { region: "eu-west-1", service: "sts" }, { method: "GET", body: "", query: { Action: "DescribeVpcs", Version: "2016-11-15", "Filter.1.Name": "tag:a b*(c)'!" } },
    { query: { a: "1", "a-b": "2", "a.b": "3", A: "4", "é": "漢" } }, { path: "/some%20path/x" }, { headers: { "x-amz-meta": "  two   spaces  " } }, { body: "é漢🙂" },
    { date: new Date(now.getTime() - 14 * 60_000) }, { date: new Date(now.getTime() + 14 * 60_000) },
  ];
  for (const one of cases) {
    const expected = { accessKeyId: "AKID", region: one.region ?? "us-east-1", service: one.service ?? "ec2" };
    assert.deepEqual(verify(await signed(one), authority), expected, JSON.stringify(one));
    assert.deepEqual(verify(await presigned({ ...one, body: "", date: now }), authority), expected, `presigned ${JSON.stringify(one)}`);
  }
});

test("whatever is changed after signing is refused", async () => {
  const good = await signed({ query: { a: "1" } });
  const change = (o: Partial<SignedRequest>, headers: Record<string, readonly string[] | undefined> = {}): SignedRequest => ({ ...good, ...o, headers: { ...good.headers, ...headers } });
  refused(change({ body: Buffer.from("Action=DeleteVpc") }), "mismatch");
  refused(change({ method: "GET" }), "mismatch");
  refused(change({ url: "/?a=2" }), "mismatch");
  refused(change({ url: "/?a=1&b=2" }), "mismatch");
  refused(change({ url: "/x?a=1" }), "mismatch");
  refused(change({}, { host: ["elsewhere"] }), "mismatch");
  refused(change({}, { "x-amz-target": ["AmazonSSM.PutParameter"] }), "mismatch", /x-amz-target/);
  refused(change({}, { "x-amz-content-sha256": ["UNSIGNED-PAYLOAD"] }), "mismatch");
  const authorization = good.headers.authorization![0]!;
  for (const [from, to] of [["us-east-1", "eu-west-1"], ["/ec2/", "/sts/"], [/Signature=.*/, "Signature=zz"], [/Signature=.*/, `Signature=${"0".repeat(64)}`], [/Signature=.{2}/, "Signature=00"]] as const)
    refused(change({}, { authorization: [authorization.replace(from, to)] }), "mismatch");
  const url = await presigned({ query: { Action: "DescribeVpcs" } });
  refused({ ...url, url: url.url.replace("DescribeVpcs", "DeleteVpc") }, "mismatch");
  refused({ ...url, url: url.url.replace("X-Amz-Expires=60", "X-Amz-Expires=600") }, "mismatch");
  refused(await signed({ secret: "wrong" }), "mismatch");
  refused(await signed({ headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } }), "mismatch", /not the hash/);
});

test("keys, tokens, regions and services", async () => {
  refused(await signed({ id: "NOBODY" }), "unknownKey");
  refused(await signed({ token: "a session" }), "badToken");
  refused(await presigned({ token: "a session" }), "badToken");
  refused(await signed({ region: "xx-nowhere-9" }), "scope", /valid region/);
  refused(await signed({ service: "s3" }), "scope", /correct service/);
});

test("time: fifteen minutes either way, presigned URLs as long as they say", async () => {
  const at = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000);
  refused(await signed({ date: at(-16) }), "expired");
  refused(await signed({ date: at(16) }), "expired");
  refused(await presigned({ date: at(-2), expiresIn: 60 }), "expired");
  assert.ok(verify(await presigned({ date: at(-50), expiresIn: 3600 }), authority));
  refused(await presigned({ date: at(16) }), "expired");
  const good = await signed();
  refused({ ...good, headers: { ...good.headers, "x-amz-date": ["20261123T120000Z"] } }, "mismatch", /Credential scope/);
  refused({ ...good, headers: { ...good.headers, "x-amz-date": ["yesterday"] } }, "incomplete");
});

test("what is not there or not to be read", async () => {
  const good = await signed();
  const withAuthorization = (value: string): SignedRequest => ({ ...good, headers: { ...good.headers, authorization: [value] } });
  refused({ ...good, headers: {} }, "missing");
  refused({ ...good, headers: {}, url: "/?%E0%A4%A=%zz&&&=" }, "missing");
  for (const text of ["Basic dGVzdDp0ZXN0", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=a/b/c", "AWS4-HMAC-SHA256 Credential=AKID/20261124/us-east-1/ec2/aws4_request,SignedHeaders=host",
    "AWS4-HMAC-SHA256 Credential=AKID/20261124/us-east-1/ec2/aws4_request/more,SignedHeaders=host,Signature=00", "AWS4-ECDSA-P256-SHA256 x", "AWS4-HMAC-SHA256 ====,,,,=,"])
    refused(withAuthorization(text), "incomplete");
  refused({ ...good, headers: { ...good.headers, "x-amz-date": undefined } }, "incomplete", /X-Amz-Date/);
  refused({ method: "GET", url: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=abc", headers: {}, body: Buffer.alloc(0) }, "incomplete");
  const noHost = good.headers.authorization![0]!.replace("host;", "").replace(/content-type;host/, "content-type");
  refused(withAuthorization(noHost), "mismatch", /Host/);
});

test("each protocol has its own words for it", () => {
  const said = (protocol: "ec2Query" | "awsQuery" | "awsJson", kind: AuthFaultKind): unknown[] => {
    const { code, status } = authError(protocol, new AuthFault(kind, "words"));
    return [code, status];
  };
  assert.deepEqual(said("ec2Query", "unknownKey"), ["AuthFailure", 401]);
  assert.deepEqual(said("awsQuery", "unknownKey"), ["InvalidClientTokenId", 403]);
  assert.deepEqual(said("awsJson", "unknownKey"), ["UnrecognizedClientException", 400]);
  assert.deepEqual(said("ec2Query", "mismatch"), ["SignatureDoesNotMatch", 403]);
  assert.deepEqual(said("awsQuery", "mismatch"), ["SignatureDoesNotMatch", 403]);
  assert.deepEqual(said("awsJson", "mismatch"), ["InvalidSignatureException", 400]);
  assert.deepEqual(said("ec2Query", "expired"), ["RequestExpired", 400]);
  assert.deepEqual(said("ec2Query", "missing"), ["MissingAuthenticationToken", 403]);
  assert.deepEqual(said("ec2Query", "scope"), ["AuthFailure", 401]);
});

test("temporary credentials: expired ones are refused in each protocol's words", async () => {
  const session = { principal: { arn: "arn:aws:sts::000000000000:assumed-role/r/s", userId: "AROA:s" }, secret: "the+secret/with=signs", expiresAtMs: now.getTime() + 1000 };
  const temporary = (expiresAtMs: number): Authority => ({ ...authority, secretOf: () => undefined, sessionOf: (id, token) => (id === "AKID" && token === "TOKEN" ? { ...session, expiresAtMs } : undefined) });
  const request = await signed({ token: "TOKEN" });
  for (const good of [request, await presigned({ token: "TOKEN" })]) assert.deepEqual(verify(good, temporary(session.expiresAtMs)).principal, session.principal);
  assert.throws(() => verify(request, temporary(now.getTime())), (error) => error instanceof AuthFault && error.kind === "expiredToken");
  const rows: [Parameters<typeof authError>[0], string, string, number][] = [
    ["ec2Query", "RequestExpired", "Request has expired.", 400], ["awsQuery", "ExpiredToken", "The security token included in the request is expired", 403], ["awsJson", "ExpiredTokenException", "The security token included in the request is expired", 400],
  ];
  for (const [protocol, code, message, status] of rows) {
    const error = authError(protocol, new AuthFault("expiredToken", ""));
    assert.deepEqual([error.code, error.message, error.status], [code, message, status]);
  }
});
