// Owns what the API's server answers to what clients send, good and bad: forms of answers and refusals in each protocol, limits, and
// that nothing sent to it ends it.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { CreateRouteTableCommand, CreateVpcCommand, DeleteVpcCommand, DescribeVpcsCommand, EC2Client, type EC2ServiceException } from "@aws-sdk/client-ec2";
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { Ec2Error } from "../src/wire/error.ts";
import type { Ec2Operation, SsmOperation, StsOperation } from "../src/wire/operation.ts";
import { signedPost } from "./support/sign.ts";
import { WireServer } from "./support/wire.ts";

let seen: unknown;
const see = <T extends object>(output: T) => (input: object): T => {
  seen = input;
  return output;
};
const createVpc: Ec2Operation<"CreateVpc"> = see({ Vpc: { VpcId: "vpc-1", CidrBlock: "a<b&c", Tags: [{ Key: "k", Value: "" }], CidrBlockAssociationSet: [] } });
const describeVpcs: Ec2Operation<"DescribeVpcs"> = see({ Vpcs: [{ VpcId: "vpc-1" }] });
const deleteVpc: Ec2Operation<"DeleteVpc"> = (input) => {
  seen = input;
  throw new Ec2Error("DependencyViolation", `The vpc '${input.VpcId}' has dependencies and cannot be deleted.`);
};
const identity: StsOperation<"GetCallerIdentity"> = (_input, ctx) => ({ Account: ctx.accountId, UserId: ctx.accessKeyId, Arn: ctx.region });
const getParameter: SsmOperation<"GetParameter"> = (input) => {
  seen = input;
  if (input.Name !== "there") throw new Ec2Error("ParameterNotFound", "");
  return { Parameter: { Name: "there", LastModifiedDate: new Date(1_700_000_000_000) } };
};

let wire: WireServer;
const credentials = { accessKeyId: "test", secretAccessKey: "secret" };
let ec2: EC2Client;
let sts: STSClient;
let ssm: SSMClient;
before(async () => {
  wire = await new WireServer({
    "ec2 CreateVpc": createVpc, "ec2 DescribeVpcs": describeVpcs, "ec2 DeleteVpc": deleteVpc, "ec2 CreateTags": see({}), "ec2 ModifyVpcAttribute": see({}), "ec2 CreateVolume": see({}),
    "ec2 DescribeInstances": see({}), "sts GetCallerIdentity": identity, "ssm GetParameter": getParameter,
    "ec2 CreateRouteTable": () => { throw new Error("a bug"); },
    "ec2 CreateSubnet": () => ({ Subnet: { SubnetId: "subnet-1", Colour: "blue" } }),
  }).listen();
  const options = { endpoint: wire.endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
  ec2 = new EC2Client(options);
  sts = new STSClient(options);
  ssm = new SSMClient(options);
});
after(async () => {
  for (const client of [ec2, sts, ssm]) client.destroy();
  await wire.close();
});

/** Sends a signed form and answers "status code message". */
async function form(body: string | Buffer, service = "ec2", extra: Record<string, string> = {}): Promise<{ status: number; code: string; message: string; text: string }> {
  const text = await wire.raw(signedPost(service, body, extra));
  const of = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? "";
  return { status: Number(text.slice(9, 12)), code: of("Code"), message: of("Message"), text };
}
const V = "&Version=2016-11-15";

test("clients of the SDK get through, in every protocol", async () => {
  const made = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "a", Value: "" }] }] }));
  assert.deepEqual(made.Vpc, { VpcId: "vpc-1", CidrBlock: "a<b&c", Tags: [{ Key: "k", Value: "" }], CidrBlockAssociationSet: [] });
  assert.deepEqual(seen, { CidrBlock: "10.0.0.0/16", TagSpecifications: [{ ResourceType: "vpc", Tags: [{ Key: "a", Value: "" }] }] });
  assert.match(made.$metadata.requestId!, /^[0-9a-f-]{36}$/);
  const who = await sts.send(new GetCallerIdentityCommand({}));
  assert.deepEqual([who.Account, who.UserId, who.Arn], ["000000000000", "test", "us-east-1"]);
  assert.equal((await ssm.send(new GetParameterCommand({ Name: "there" }))).Parameter!.LastModifiedDate!.getTime(), 1_700_000_000_000);
});

test("refusals reach clients with code, message, status and request id", async () => {
  await assert.rejects(ec2.send(new DeleteVpcCommand({ VpcId: "vpc-1" })), (error: EC2ServiceException) => {
    assert.deepEqual([error.name, error.message, error.$metadata.httpStatusCode, error.$fault], ["DependencyViolation", "The vpc 'vpc-1' has dependencies and cannot be deleted.", 400, "client"]);
    assert.match(error.$metadata.requestId!, /^[0-9a-f-]{36}$/);
    return true;
  });
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: "x" })), (error) => error instanceof ParameterNotFound);
  await assert.rejects(ssm.send(new PutParameterCommand({ Name: "x", Value: "y" })), { name: "UnknownOperationException" });
  await assert.rejects(sts.send(new GetSessionTokenCommand({})), { name: "InvalidAction" });
  const { text } = await form(`Action=DeleteVpc&VpcId=vpc-1${V}`);
  assert.match(text, /\n<Response><Errors><Error><Code>DependencyViolation<\/Code><Message>[^<]*<\/Message><\/Error><\/Errors><RequestID>[0-9a-f-]{36}<\/RequestID><\/Response>$/);
  assert.match((await form("Action=GetSessionToken&Version=2011-06-15", "sts")).text, /<ErrorResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><Error><Type>Sender<\/Type><Code>InvalidAction<\/Code>.*<RequestId>[0-9a-f-]{36}<\/RequestId><\/ErrorResponse>$/);
});

test("an answer's namespace carries the version that was asked for; without output there is <return>true</return>", async () => {
  assert.match((await form("Action=DescribeVpcs&Version=2015-10-01")).text, /<DescribeVpcsResponse xmlns="http:\/\/ec2\.amazonaws\.com\/doc\/2015-10-01\/"><requestId>/);
  assert.match((await form(`Action=CreateTags&ResourceId.1=vpc-1&Tag.1.Key=a&Tag.1.Value=${V}`)).text, /<CreateTagsResponse xmlns="[^"]+"><requestId>[^<]+<\/requestId><return>true<\/return><\/CreateTagsResponse>$/);
  assert.deepEqual(seen, { Resources: ["vpc-1"], Tags: [{ Key: "a", Value: "" }] });
  assert.match((await form("Action=GetCallerIdentity&Version=2011-06-15", "sts")).text, /<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><GetCallerIdentityResult>.*<\/GetCallerIdentityResult><ResponseMetadata>/);
});

test("parameters: unknown, missing, of the wrong type, not of the enumeration", async () => {
  const rows: [string, string, string | RegExp][] = [
    [`Action=DescribeVpcs&Colour=blue${V}`, "UnknownParameter", "The parameter Colour is not recognized"],
    [`Action=DescribeVpcs&VpcIds.1=vpc-1${V}`, "UnknownParameter", "The parameter VpcIds.1 is not recognized"],
    [`Action=DescribeVpcs&VpcId=vpc-1${V}`, "UnknownParameter", "The parameter VpcId is not recognized"],
    [`Action=DescribeVpcs&Filter.1.Name=a&Filter.1.Colour=b${V}`, "UnknownParameter", "The parameter Filter.1.Colour is not recognized"],
    [`Action=DeleteVpc&VpcId.1=vpc-1${V}`, "MissingParameter", "The request must contain the parameter vpcId"],
    [`Action=DeleteVpc${V}`, "MissingParameter", "The request must contain the parameter vpcId"],
    [`Action=CreateTags&ResourceId.1=x${V}`, "MissingParameter", "The request must contain the parameter Tag"],
    [`Action=DescribeVpcs&MaxResults=many${V}`, "InvalidParameterValue", /^Invalid value 'many' for MaxResults\./],
    [`Action=DescribeVpcs&MaxResults=1e999${V}`, "InvalidParameterValue", /MaxResults/],
    [`Action=DescribeVpcs&MaxResults=${V}`, "InvalidParameterValue", /MaxResults/],
    [`Action=DescribeVpcs&DryRun=perhaps${V}`, "InvalidParameterValue", /^Invalid value 'perhaps' for DryRun\. Expecting true or false\.$/],
    [`Action=CreateVpc&InstanceTenancy=large${V}`, "InvalidParameterValue", /^Invalid value 'large' for InstanceTenancy\. Valid values are: dedicated, default, host\.$/],
    [`Action=CreateVpc&TagSpecification.1.ResourceType=cat${V}`, "InvalidParameterValue", /^Invalid value 'cat' for TagSpecification\.1\.ResourceType\.$/],
    [`Action=DeleteVpc&VpcId=a&VpcId=b${V}`, "MalformedQueryString", /VpcId is given more than once/],
    [`Action=${"a.".repeat(50)}b=1${V}`, "InvalidAction", /./],
    [`Action=DescribeVpcs&${"a.".repeat(50)}b=1${V}`, "MalformedQueryString", /nested too deeply/],
    [`Action=DescribeVpcs&${Array.from({ length: 10_001 }, (_, i) => `VpcId.${i}=x`).join("&")}${V}`, "MalformedQueryString", /more than 10000/],
    ["Action=DescribeVpcs", "MissingParameter", "The request must contain the parameter Version"],
    ["Action=DescribeVpcs&Version=latest", "NoSuchVersion", /latest/],
    ["", "MissingAction", /Action/],
    [`Action=__proto__${V}`, "InvalidAction", /__proto__/],
    [`Action=DescribeRegions${V}`, "InvalidAction", "The action DescribeRegions is not valid for this web service."],
    [`Action=%3Cb%3E${V}`, "InvalidAction", /&lt;b&gt;/],
  ];
  for (const [body, code, message] of rows) {
    const answer = await form(body);
    assert.deepEqual([answer.status, answer.code], [400, code], `${body.slice(0, 100)}: ${answer.message}`);
    if (typeof message === "string") assert.equal(answer.message, message);
    else assert.match(answer.message, message);
  }
});

test("a name that means something to the language means nothing here", async () => {
  for (const name of ["__proto__", "constructor.prototype", "__proto__.polluted", "toString"]) assert.equal((await form(`Action=DescribeVpcs&${name}=1${V}`)).code, "UnknownParameter");
  assert.equal((await form(`Action=CreateTags&ResourceId.1=x&Tag.1.Key=__proto__&Tag.1.Value=y${V}`)).status, 200);
  assert.deepEqual(seen, { Resources: ["x"], Tags: [{ Key: "__proto__", Value: "y" }] });
  const json = (tree: string) => wire.raw(signedPost("ssm", tree, { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter" }));
  assert.match(await json('{"Name":"there","__proto__":{"WithDecryption":true}}'), /^HTTP\/1\.1 200/);
  assert.deepEqual(seen, { Name: "there" });
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});

test("JSON: what cannot be read, is missing or of the wrong type", async () => {
  const rows: [string, string][] = [
    ["{", "SerializationException"], ["[]", "SerializationException"], ["null", "SerializationException"], ['"x"', "SerializationException"], ['{"Name":1}', "SerializationException"],
    ['{"Name":"x","WithDecryption":"yes"}', "SerializationException"], ["{}", "ValidationException"], ['{"Name":null}', "ValidationException"], ["[".repeat(100_000), "SerializationException"],
  ];
  for (const [body, code] of rows) {
    const text = await wire.raw(signedPost("ssm", body, { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter" }));
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.equal((JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as { __type: string }).__type, code, body.slice(0, 50));
  }
  for (const target of ["", "GetParameter", "AmazonSSM.", "AmazonSSM.__proto__", "a.b.c"])
    assert.match(await wire.raw(signedPost("ssm", "{}", { "content-type": "application/x-amz-json-1.1", "x-amz-target": target })), /UnknownOperationException/);
});

test("GET with everything in the URL, by the SDK's signer and presigned", async () => {
  const { SignatureV4 } = await import("@smithy/signature-v4");
  const { Hash } = await import("@smithy/core/serde");
  const signer = new SignatureV4({ credentials, region: "us-east-1", service: "ec2", sha256: Hash.bind(null, "sha256") as never });
  const url = new URL(wire.endpoint);
  const plain = { method: "GET", protocol: "http:", hostname: url.hostname, port: Number(url.port), path: "/", headers: { host: url.host }, query: { Action: "DescribeVpcs", Version: "2016-11-15", "VpcId.1": "vpc-1" } };
  for (const method of ["GET", "POST"]) {
    const request = await signer.presign({ ...plain, method } as never, { expiresIn: 60 });
    const answer = await fetch(`${wire.endpoint}/?${new URLSearchParams(request.query as Record<string, string>)}`, { method });
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.match(await answer.text(), /<vpcId>vpc-1<\/vpcId>/);
    assert.deepEqual(seen, { VpcIds: ["vpc-1"] });
  }
  const signed = await signer.sign(plain as never) as unknown as { headers: Record<string, string> };
  const { host: _, ...headers } = signed.headers;
  const answer = await fetch(`${wire.endpoint}/?${new URLSearchParams(plain.query)}`, { headers });
  assert.equal(answer.status, 200, await answer.text());
});

test("signatures are refused in the words of the service", async () => {
  const wrong = { endpoint: wire.endpoint, region: "us-east-1", maxAttempts: 1, credentials: { accessKeyId: "test", secretAccessKey: "wrong" } };
  const nobody = { ...wrong, credentials: { accessKeyId: "nobody", secretAccessKey: "x" } };
  await assert.rejects(new EC2Client(wrong).send(new DescribeVpcsCommand({})), { name: "SignatureDoesNotMatch" });
  await assert.rejects(new EC2Client(nobody).send(new DescribeVpcsCommand({})), (error: EC2ServiceException) => error.name === "AuthFailure" && error.$metadata.httpStatusCode === 401);
  await assert.rejects(new STSClient(nobody).send(new GetCallerIdentityCommand({})), { name: "InvalidClientTokenId" });
  await assert.rejects(new SSMClient(nobody).send(new GetParameterCommand({ Name: "x" })), { name: "UnrecognizedClientException" });
  await assert.rejects(new EC2Client({ ...wrong, credentials, region: "xx-nowhere" }).send(new DescribeVpcsCommand({})), { name: "AuthFailure", message: "Credential should be scoped to a valid region." });
  const bare = await fetch(wire.endpoint, { method: "POST", body: `Action=DescribeVpcs${V}`, headers: { "content-type": "application/x-www-form-urlencoded" } });
  assert.equal(bare.status, 403);
  assert.match(await bare.text(), /<Code>MissingAuthenticationToken<\/Code>/);
});

const head = (more: string): string => `POST / HTTP/1.1\r\nHost: box\r\nContent-Type: application/x-www-form-urlencoded\r\n${more}\r\n`;
const whole = (text: string): boolean => text.includes("</Response>");

test("a body over the limit is answered before it is sent, and its connection ends", async () => {
  const answer = await wire.raw(head("Content-Length: 5000000\r\n"), whole);
  assert.match(answer, /^HTTP\/1\.1 413 [^]*connection: close[^]*<Code>RequestEntityTooLarge<\/Code>[^]*<RequestID>/i);
  const began = Date.now();
  assert.equal(await wire.raw(head("Content-Length: 5000000\r\n")).then((t) => t.slice(9, 12)), "413"); // to the end of the connection
  assert.ok(Date.now() - began < 5000);
  assert.match(await wire.raw(head("Expect: 100-continue\r\nContent-Length: 5000000\r\n"), whole), /^HTTP\/1\.1 413 /);
  assert.match(await wire.raw(Buffer.concat([Buffer.from(head("Content-Length: 3000000\r\n")), Buffer.alloc(3_000_000, "a")])), /^HTTP\/1\.1 413 /);
  const chunk = `10000\r\n${"a".repeat(0x10000)}\r\n`;
  assert.match(await wire.raw(head("Transfer-Encoding: chunked\r\n") + chunk.repeat(20), whole), /^HTTP\/1\.1 413 /);
  assert.equal((await form(`Action=DescribeVpcs${V}`)).status, 200);
});

test("a body of a type or encoding that nothing here reads, and other methods", async () => {
  const post = (headers: Record<string, string>, method = "POST") => fetch(wire.endpoint, { method, body: "x", headers });
  for (const type of ["application/xml", "multipart/form-data; boundary=x", "text/plain", "application/cbor"]) assert.equal((await post({ "content-type": type })).status, 415, type);
  assert.equal((await post({ "content-type": "application/x-www-form-urlencoded", "content-encoding": "br" })).status, 415);
  for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) assert.equal((await post({ "content-type": "application/x-www-form-urlencoded" }, method)).status, 405, method);
  assert.equal((await form("{}", "ec2", { "content-type": "application/x-amz-json-1.1" })).status, 415);
});

test("compressed bodies are read within the limit", async () => {
  const gzip = { "content-encoding": "gzip" };
  assert.equal((await form(gzipSync(`Action=DescribeVpcs${V}`), "ec2", gzip)).status, 200);
  assert.equal((await form(gzipSync(Buffer.alloc(50_000_000, "a")), "ec2", gzip)).status, 413);
  assert.deepEqual([(await form("Action=DescribeVpcs", "ec2", gzip)).status, (await form(gzipSync("a=b").subarray(0, 10), "ec2", gzip)).status], [400, 400]);
});

test("what is no HTTP gets an answer or an end, and the server goes on", async () => {
  for (const bytes of ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n", `GET / HTTP/1.1\r\nHost: box\r\nX: ${"x".repeat(100_000)}\r\n\r\n`, "POST / HTTP/1.1\r\nHost: box\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nHost: box\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"])
    assert.match(await wire.raw(bytes), /^HTTP\/1\.1 4\d\d /, JSON.stringify(bytes.slice(0, 40)));
  for (const url of ["/%E0%A4%A?%zz=%", "/?X-Amz-Credential=%", `/?${"a&".repeat(1000)}`, "//", "/?Action=%ED%A0%80"]) assert.match(await wire.raw(`GET ${url} HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 403 /, url);
  const arrived = once(wire.server, "request");
  const gone = wire.raw(head("Content-Length: 100\r\n") + "half");
  await arrived;
  wire.server.closeAllConnections();
  await gone.catch(() => "");
  assert.equal((await form(`Action=DescribeVpcs${V}`)).status, 200);
});

test("a bug of ours is 500 with a request id in the log, and the server goes on", async () => {
  const written: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => written.push(text) > 0) as typeof write;
  try {
    await assert.rejects(ec2.send(new CreateRouteTableCommand({ VpcId: "vpc-1" })), (error: EC2ServiceException) => {
      assert.deepEqual([error.name, error.message, error.$metadata.httpStatusCode], ["InternalError", "An internal error has occurred", 500]);
      assert.ok(written.some((line) => line.includes(error.$metadata.requestId!) && line.includes("a bug") && line.includes("CreateRouteTable")));
      return true;
    });
    assert.equal((await form(`Action=CreateSubnet&VpcId=vpc-1${V}`)).status, 500);
    assert.ok(written.some((line) => line.includes("Subnet.Colour")));
  } finally {
    process.stderr.write = write;
  }
  assert.equal((await form(`Action=DescribeVpcs${V}`)).status, 200);
});

test("one connection serves many calls", async () => {
  const one = signedPost("ec2", `Action=DescribeVpcs${V}`).toString().replace("connection: close", "connection: keep-alive");
  const text = await wire.raw(one + one + one, (t) => t.split("</DescribeVpcsResponse>").length === 4);
  assert.equal(text.split("HTTP/1.1 200").length, 4);
});
