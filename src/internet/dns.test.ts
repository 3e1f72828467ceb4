// Owns the tests of the box's public names and of DNS on the wire: whatever comes in, nothing is thrown.
import { test } from "node:test";
import assert from "node:assert/strict";
import dnsPacket, { type Packet, type Question } from "dns-packet";
import { respond } from "./dns-server.ts";
import { addressInName, answerPublic } from "./public-names.ts";

const question = (name: string, type: "A" | "PTR" | "AAAA" = "A"): Question => ({ name, type, class: "IN" });
const data = (name: string, type?: "A" | "PTR" | "AAAA"): unknown[] => { const reply = answerPublic(question(name, type)); return [reply.code, ...reply.answers.map((a) => ("data" in a ? a.data : undefined))]; };

test("hosts, EC2's public names, and the way back", () => {
  assert.deepEqual(data("ietf.org"), ["NOERROR", "192.0.2.80"]);
  assert.deepEqual(data("ietf.org", "AAAA"), ["NOERROR"]);
  assert.deepEqual(data("ec2-203-0-113-10.compute-1.amazonaws.com"), ["NOERROR", "203.0.113.10"]);
  assert.deepEqual(data("ec2-203-0-113-10.eu-west-1.compute.amazonaws.com"), ["NOERROR", "203.0.113.10"]);
  assert.deepEqual(data("80.2.0.192.in-addr.arpa", "PTR"), ["NOERROR", "ietf.org"]);
  assert.deepEqual(data("10.113.0.203.in-addr.arpa", "PTR"), ["NOERROR", "ec2-203-0-113-10.compute-1.amazonaws.com"]);
  for (const name of ["nothing.example", "ec2-8-8-8-8.compute-1.amazonaws.com", "1.1.1.1.in-addr.arpa", "constructor"]) assert.deepEqual(data(name, name.endsWith("arpa") ? "PTR" : "A"), ["NXDOMAIN"], name);
  assert.equal(addressInName("ec2-203-0-113-10.us-east-1.compute.amazonaws.com"), undefined, "us-east-1 has a form of its own");
});

test("on the wire: an answer for a question, FORMERR for what cannot be read, nothing for an answer, SERVFAIL for a fault inside", async () => {
  const query = dnsPacket.encode({ type: "query", id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [question("IETF.org")] });
  const ask = async (message: Buffer, answer = async (q: Question) => answerPublic(q)): Promise<(Packet & { rcode?: string }) | undefined> => {
    const out = await respond(message, "192.0.2.1", answer, 512);
    return out && (dnsPacket.decode(out) as Packet);
  };
  const reply = (await ask(query))!;
  assert.equal(reply.id, 7);
  assert.equal((reply.answers![0] as { data: string }).data, "192.0.2.80");
  assert.equal((await ask(query, async () => { throw new Error("inside"); }))!.rcode, "SERVFAIL");
  assert.equal(await ask(query.subarray(0, 8)), undefined);
  const answer = Buffer.from(query);
  answer[2]! |= 0x80;
  assert.equal(await ask(answer), undefined);
  let seed = 3;
  for (let i = 0; i < 500; i++) {
    const noise = Buffer.from(query);
    for (let k = 0; k < 4; k++) noise[(seed = (seed * 1103515245 + 12345) & 0x7fffffff) % noise.length] = seed & 0xff;
    await respond(noise, "192.0.2.1", async (q) => answerPublic(q), 512);
  }
});
