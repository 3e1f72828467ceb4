// Owns the tests of what DNS and metadata say of a snapshot: private and public names with their split horizon, the limit of
// packets, the tree and its listings, and a role's credentials.
import { test } from "node:test";
import assert from "node:assert/strict";
import type { Question } from "dns-packet";
import { allocateAddress } from "../ec2/address/allocate-address.ts";
import { associateAddress } from "../ec2/address/associate-address.ts";
import { runInstances } from "../ec2/instance/run-instances.ts";
import type { Instance, NetworkInterface } from "../model/records.ts";
import { attachedInterfaces } from "../model/lifecycle.ts";
import { boot, smallNetwork } from "../../test/support/memory-context.ts";
import { askerOf } from "./askers.ts";
import { instanceRoles } from "./instance-roles.ts";
import { lookUp, metadataTree } from "./metadata-tree.ts";
import { packetLimit } from "./packet-limit.ts";
import { answerPrivate } from "./resolver.ts";

async function launched(): Promise<{ n: ReturnType<typeof smallNetwork>; instance: Instance; eni: NetworkInterface; publicIp: string }> {
  const n = smallNetwork();
  const { Instances } = await runInstances({ ImageId: n.image, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId: n.publicSubnet, TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "one" }] }] }, n.ctx);
  const id = Instances![0]!.InstanceId!;
  boot(n.ctx, id);
  const { AllocationId, PublicIp } = await allocateAddress({ Domain: "vpc" }, n.ctx);
  await associateAddress({ AllocationId, InstanceId: id }, n.ctx);
  const snapshot = n.ctx.snapshot();
  return { n, instance: snapshot.get("instance", id)!, eni: attachedInterfaces(snapshot, id)[0]!, publicIp: PublicIp! };
}
const question = (name: string, type: "A" | "PTR" | "AAAA" = "A"): Question => ({ name, type, class: "IN" });

test("names: private ones of the VPC alone, public ones mean the private address inside a VPC that gives them out", async () => {
  const { n, eni, publicIp } = await launched();
  const ask = (name: string, type?: "A" | "PTR" | "AAAA") => {
    const reply = answerPrivate(n.ctx.snapshot(), eni, question(name, type));
    return reply && [reply.code, ...reply.answers.map((a) => ("data" in a ? a.data : undefined))];
  };
  const address = eni.privateAddresses[0]!.address;
  const dashed = address.replaceAll(".", "-");
  assert.deepEqual(ask(`ip-${dashed}.ec2.internal`), ["NOERROR", address]);
  assert.deepEqual(ask(`ip-${dashed}.ec2.internal`, "AAAA"), ["NOERROR"]);
  assert.deepEqual(ask("ip-10-0-9-9.ec2.internal"), ["NXDOMAIN"]);
  assert.deepEqual(ask(`${address.split(".").reverse().join(".")}.in-addr.arpa`, "PTR"), ["NOERROR", `ip-${dashed}.ec2.internal`]);
  assert.deepEqual(ask("9.9.0.10.in-addr.arpa", "PTR"), ["NXDOMAIN"]);
  assert.equal(ask("80.2.0.192.in-addr.arpa", "PTR"), undefined, "the internet's business");
  const publicName = `ec2-${publicIp.replaceAll(".", "-")}.compute-1.amazonaws.com`;
  assert.equal(ask(publicName), undefined, "the VPC gives no public names out");
  n.ctx.write((tx) => { tx.put("vpc", { ...tx.get("vpc", n.vpc)!, enableDnsHostnames: true }); });
  assert.deepEqual(ask(publicName), ["NOERROR", address]);
});

test("names of a peer that allows it", async () => {
  const { n, publicIp, eni } = await launched();
  const other: NetworkInterface = { ...eni, id: "eni-other", vpcId: n.ctx.snapshot().list("vpc").find((v) => v.id !== n.vpc)!.id };
  const name = `ec2-${publicIp.replaceAll(".", "-")}.compute-1.amazonaws.com`;
  n.ctx.write((tx) => { tx.put("vpc", { ...tx.get("vpc", n.vpc)!, enableDnsHostnames: true }); });
  const side = (vpcId: string, allowDnsResolution: boolean) => ({ vpcId, region: "us-east-1", ownerId: "000000000000", allowDnsResolution });
  for (const allowed of [false, true]) {
    n.ctx.write((tx) => { tx.put("vpc-peering-connection", { id: "pcx-1", region: "us-east-1", index: 1, tags: {}, createdAt: "", requester: side(other.vpcId, false), accepter: side(n.vpc, allowed), status: "active", statusMessage: "" }); });
    const reply = answerPrivate(n.ctx.snapshot(), other, question(name));
    assert.equal(reply === undefined, !allowed);
  }
});

test("1,024 packets a second, each interface its own", () => {
  let now = 5_000;
  const admit = packetLimit(1024, () => now);
  assert.equal(Array.from({ length: 1030 }, () => admit("a")).filter(Boolean).length, 1024);
  assert.equal(admit("b"), true);
  now += 1000;
  assert.equal(admit("a"), true);
});

test("who asks is known by the fabric's number", async () => {
  const { n, instance, eni } = await launched();
  const source = (index: number): string => `100.64.${index >> 8}.${index & 255}`;
  assert.equal(askerOf(n.ctx.snapshot(), source(eni.index))?.instance?.id, instance.id);
  assert.equal(askerOf(n.ctx.snapshot(), `::ffff:${source(eni.index)}`)?.networkInterface.id, eni.id);
  assert.equal(askerOf(n.ctx.snapshot(), source(9999)), undefined);
});

test("the tree: listings, what is not there, tags when they are allowed", async () => {
  const { n, instance, publicIp } = await launched();
  const at = (path: string, i: Instance = instance): string | undefined => lookUp(metadataTree(n.ctx.snapshot(), i, "000000000000", undefined), path);
  assert.equal(at(""), "dynamic\nmeta-data");
  assert.equal(at("meta-data/instance-id"), instance.id);
  assert.equal(at("meta-data/public-ipv4"), publicIp);
  assert.equal(at("meta-data/public-hostname"), undefined);
  assert.equal(at("meta-data/iam"), undefined);
  assert.equal(at("meta-data/__proto__"), undefined);
  assert.equal(at("meta-data/instance-id/more"), undefined);
  assert.equal(at("meta-data/tags/instance"), undefined);
  assert.equal(at("meta-data/tags/instance/Name", { ...instance, metadataOptions: { ...instance.metadataOptions, instanceMetadataTags: "enabled" } }), "one");
  assert.equal(at("dynamic/instance-identity"), "document");
});

test("a role's credentials stay the same until an hour before they end, and go with the role", async () => {
  const { n, instance } = await launched();
  let now = new Date("2026-01-01T00:00:00Z"), issued = 0;
  const base = { region: "aws-global", index: 1, tags: {}, createdAt: "" };
  n.ctx.write((tx) => {
    tx.put("iam-role", { ...base, id: "AROA1", name: "r", path: "/", assumeRolePolicyDocument: "{}", maxSessionDurationSeconds: 3600, inlinePolicies: {}, attachedPolicyArns: [] });
    tx.put("iam-instance-profile", { ...base, id: "AIPA1", name: "p", path: "/", roleName: "r" });
  });
  const roleOf = instanceRoles("000000000000", () => n.ctx.snapshot(), () => ({ roleName: "r", credentials: { accessKeyId: `ASIA${++issued}`, secretAccessKey: "s", sessionToken: "t", expiration: new Date(now.getTime() + 6 * 3600_000) } }), () => now);
  assert.equal(roleOf(instance), undefined);
  const with_: Instance = { ...instance, iamInstanceProfileArn: "arn:aws:iam::000000000000:instance-profile/p" };
  const tree = (): string => lookUp(metadataTree(n.ctx.snapshot(), with_, "000000000000", roleOf(with_)), "meta-data/iam/security-credentials/r") ?? "";
  assert.equal((JSON.parse(tree()) as { AccessKeyId: string }).AccessKeyId, "ASIA1");
  now = new Date(now.getTime() + 4.9 * 3600_000);
  assert.match(tree(), /ASIA1"/);
  now = new Date(now.getTime() + 0.2 * 3600_000);
  assert.match(tree(), /ASIA2"/);
  assert.match(tree(), /"LastUpdated": "2026-01-01T05:06:00Z"/);
  n.ctx.write((tx) => { tx.put("iam-instance-profile", { ...tx.get("iam-instance-profile", "AIPA1")!, roleName: undefined }); });
  assert.equal(lookUp(metadataTree(n.ctx.snapshot(), with_, "0", roleOf(with_)), "meta-data/iam/security-credentials"), undefined);
});
