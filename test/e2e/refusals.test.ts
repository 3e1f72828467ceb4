// Owns what bad input gets: AWS's code, message, status and RequestID through unmodified clients, and a state that did not change.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "node:net";
import { CreateSubnetCommand, CreateVpcCommand, DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client, RunInstancesCommand, type EC2ServiceException } from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { Box } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";

const box = new Box();
let vpc: string;

before(async () => {
  await box.up();
  vpc = (await box.ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
  await box.ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.0.0/24" }));
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const records = async (): Promise<unknown> => [(await box.ec2.send(new DescribeVpcsCommand({}))).Vpcs, (await box.ec2.send(new DescribeSubnetsCommand({}))).Subnets];

test("ids, blocks and parameters are refused in AWS's words, and a failed call changes nothing", async () => {
  const before = await records();
  const rows: [string[], string, RegExp][] = [
    [["describe-vpcs", "--vpc-ids", "vpc-zzz"], "InvalidVpcID.Malformed", /vpc-zzz/],
    [["describe-vpcs", "--vpc-ids", "vpc-00000000000000000"], "InvalidVpcID.NotFound", /The vpc ID 'vpc-00000000000000000' does not exist/],
    [["create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.0.128/25"], "InvalidSubnet.Conflict", /The CIDR '10\.0\.0\.128\/25' conflicts with another subnet/],
    [["create-subnet", "--vpc-id", vpc, "--cidr-block", "10.1.0.0/24"], "InvalidSubnet.Range", /The CIDR '10\.1\.0\.0\/24' is invalid/],
    [["create-vpc", "--cidr-block", "10.0.0.0/8"], "InvalidVpc.Range", /10\.0\.0\.0\/8/],
    [["create-vpc", "--cidr-block", "300.0.0.0/16"], "InvalidParameterValue", /300\.0\.0\.0\/16/],
    [["delete-subnet", "--subnet-id", "subnet-00000000000000000"], "InvalidSubnetID.NotFound", /does not exist/],
    [["run-instances", "--image-id", "ami-00000000000000000"], "InvalidAMIID.NotFound", /ami-00000000000000000/],
    [["describe-vpcs", "--filters", "Name=nothing,Values=x"], "InvalidParameterValue", /The filter 'nothing' is invalid/],
    [["terminate-instances", "--instance-ids", "i-00000000000000000"], "InvalidInstanceID.NotFound", /i-00000000000000000/],
    [["create-vpc", "--cidr-block", "10.9.0.0/16", "--dry-run"], "DryRunOperation", /Request would have succeeded, but DryRun flag is set/],
    [["create-transit-gateway"], "InvalidAction", /The action CreateTransitGateway is not valid for this web service/],
  ];
  for (const [args, code, words] of rows) {
    const result = await box.awsRaw("ec2", ...args);
    assert.equal(result.status, 254, `${args.join(" ")}: ${result.stdout}${result.stderr}`);
    assert.match(result.stderr, new RegExp(`\\(${code.replace(".", "\\.")}\\)`), args.join(" "));
    assert.match(result.stderr, words, args.join(" "));
  }
  assert.deepEqual(await records(), before);
});

test("a refusal has its status and its RequestID", async () => {
  await assert.rejects(box.ec2.send(new DescribeVpcsCommand({ VpcIds: ["vpc-00000000000000000"] })), (error: EC2ServiceException) => {
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], ["InvalidVpcID.NotFound", 400]);
    assert.match(error.$metadata.requestId ?? "", /^[0-9a-f-]{36}$/);
    return true;
  });
  await assert.rejects(box.ec2.send(new RunInstancesCommand({ ImageId: undefined, MinCount: 2, MaxCount: 1 })), (error: EC2ServiceException) => error.$metadata.httpStatusCode === 400);
});

test("signatures: a wrong secret, an unknown key, none", async () => {
  const client = (accessKeyId: string, secretAccessKey: string): EC2Client => new EC2Client({ endpoint: box.endpoint, region: "us-east-1", credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
  await assert.rejects(client("test", "wrong").send(new DescribeVpcsCommand({})), { name: "SignatureDoesNotMatch" });
  await assert.rejects(client("nobody", "test").send(new DescribeVpcsCommand({})), { name: "AuthFailure" });
  const sts = new STSClient({ endpoint: box.endpoint, region: "us-east-1", credentials: { accessKeyId: "nobody", secretAccessKey: "test" }, maxAttempts: 1 });
  await assert.rejects(sts.send(new GetCallerIdentityCommand({})), { name: "InvalidClientTokenId" });
  const unsigned = await fetch(box.endpoint, { method: "POST", body: "Action=DescribeVpcs&Version=2016-11-15", headers: { "content-type": "application/x-www-form-urlencoded" } });
  assert.ok(unsigned.status === 401 || unsigned.status === 403);
  assert.match(await unsigned.text(), /<Code>(MissingAuthenticationToken|AuthFailure)<\/Code>/);
});

test("a body over 1 MiB is refused without being read, and the box goes on", async () => {
  const url = new URL(box.endpoint);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    let text = "";
    socket.on("data", (chunk) => { text += chunk; if (text.includes("\r\n\r\n")) { socket.destroy(); resolve(text); } });
    socket.on("error", (error) => (text ? resolve(text) : reject(error)));
    socket.write(`POST / HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000000\r\n\r\nAction=`);
  });
  assert.match(answer, /^HTTP\/1\.1 413 /);
  const other = await fetch(box.endpoint, { method: "POST", body: "<x/>", headers: { "content-type": "application/xml" } });
  assert.ok(other.status >= 400 && other.status < 500, String(other.status));
  assert.ok((await box.ec2.send(new DescribeVpcsCommand({}))).Vpcs!.length >= 2);
});

test("the command says in one line what is wrong and what to do", async () => {
  const rows: [string[], number, RegExp][] = [
    [["up", "--detach", "--port", new URL(box.endpoint).port, "--state", `${box.stateDir}/other`], 1, /port \d+ .*taken.*--port/],
    [["exec", "no-such-instance", "--", "true"], 1, /no instance "no-such-instance"/],
    [["up", "--port", "many"], 2, /port/],
    [["frobnicate"], 2, /frobnicate/],
  ];
  for (const [args, status, words] of rows) {
    const result = await new Box().vpcboxOnce(args);
    const own = args[0] === "exec" ? await box.vpcbox(...args) : result;
    assert.equal(own.status, status, `${args.join(" ")}: ${own.stdout}${own.stderr}`);
    assert.match(own.stderr, words);
    assert.equal(own.stderr.trim().split("\n").length, 1, own.stderr);
  }
});
