// Owns the analyzer's tests on records alone: the guide's network, its faults one by one and together.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readNetwork } from "../model/network.ts";
import { guideRecords, rule, everything, simpleGuests, type Records } from "../../test/support/reach-network.ts";
import { natFacts, privateFacts } from "../../test/support/explained-networks.ts";
import { analyze, analyzeInTurn } from "./analyze.ts";
import { readGuest } from "./guest-walk.ts";
import type { Answer, Question } from "./question.ts";

const ask = (records: Records, question: Partial<Question> = {}, ...translating: string[]): Answer =>
  analyze(readNetwork(records.snapshot), { source: { kind: "interface", id: "eni-private" }, destination: { kind: "address", address: "192.0.2.80" }, protocol: "icmp", ...question }, simpleGuests(records, ...(translating.length > 0 ? translating : ["i-nat"])));
const codes = (answer: Answer): string[] => answer.explanations.map((e) => e.code);

test("the guide's network: through the NAT instance, its gateway, and back", () => {
  const answer = ask(guideRecords());
  assert.deepEqual(codes(answer), []);
  assert.equal(answer.reachable, true);
  assert.deepEqual(answer.forward.map((c) => c.component.id), ["eni-private", "sg-private", "rtb-main", "acl-private", "acl-public", "sg-nat", "eni-nat", "i-nat", "eni-nat", "sg-nat", "rtb-public", "acl-public", "igw-1", "192.0.2.80"]);
  assert.equal(answer.return.at(-1)!.component.id, "eni-private");
  assert.equal(answer.forward.find((c) => c.component.id === "igw-1")!.outbound!.source, "203.0.113.5");
});

const faults: readonly (readonly [name: string, break_: (r: Records) => unknown, code: string, mend: string])[] = [
  ["no ICMP from the private subnet", (r) => r.change("security-group", "sg-nat", { rules: [rule(false, "tcp", 80, "10.0.1.0/24"), everything(true)] }), "ENI_SG_RULES_MISMATCH", "aws ec2 authorize-security-group-ingress --group-id sg-nat --protocol icmp --port -1 --cidr 10.0.1.0/24"],
  ["no rule at all", (r) => r.change("security-group", "sg-private", { rules: [] }), "SG_HAS_NO_RULES", "aws ec2 authorize-security-group-egress --group-id sg-private --protocol icmp --port -1 --cidr 192.0.2.80/32"],
  ["no route", (r) => r.table("rtb-main", "vpc-1", [], { main: true }), "NO_ROUTE_TO_DESTINATION", "aws ec2 create-route --route-table-id rtb-main --destination-cidr-block 0.0.0.0/0 --instance-id i-nat"],
  ["the route in another table", (r) => r.table("rtb-empty", "vpc-1", [], { subnets: ["subnet-private"] }), "NO_ROUTE_TO_DESTINATION", "aws ec2 create-route --route-table-id rtb-empty --destination-cidr-block 0.0.0.0/0 --instance-id i-nat"],
  ["check on", (r) => r.change("network-interface", "eni-nat", { sourceDestCheck: true }), "ENI_SOURCE_DEST_CHECK_RESTRICTION", "aws ec2 modify-network-interface-attribute --network-interface-id eni-nat --no-source-dest-check"],
  ["no public address", (r) => r.change("network-interface", "eni-nat", { privateAddresses: [{ address: "10.0.0.10", primary: true }] }), "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", "aws ec2 associate-address --allocation-id \"$(aws ec2 allocate-address --domain vpc --query AllocationId --output text)\" --network-interface-id eni-nat"],
  ["gateway detached", (r) => r.change("internet-gateway", "igw-1", { vpcId: undefined }), "BAD_STATE_ROUTE", "aws ec2 attach-internet-gateway --internet-gateway-id igw-1 --vpc-id vpc-1"],
  ["NAT instance stopped", (r) => r.change("instance", "i-nat", { state: "stopped" }), "BAD_STATE_ROUTE", "aws ec2 start-instances --instance-ids i-nat"],
  ["an ACL denies answers", (r) => r.change("network-acl", "acl-private", { entries: [...r.get("network-acl", "acl-private").entries, { ruleNumber: 50, egress: false, protocol: "1", action: "deny", cidrBlock: "0.0.0.0/0", icmpType: 0, icmpCode: -1 }] }), "SUBNET_ACL_RESTRICTION", "aws ec2 create-network-acl-entry --network-acl-id acl-private --ingress --rule-number 49 --protocol icmp --icmp-type-code Type=-1,Code=-1 --rule-action allow --cidr-block 192.0.2.80/32"],
];
for (const [name, break_, code, mend] of faults)
  test(`fault: ${name}`, () => {
    const records = guideRecords();
    break_(records);
    const answer = ask(records);
    assert.equal(answer.reachable, false);
    assert.deepEqual(answer.explanations.map((e) => [e.code, e.mend]), [[code, mend]]);
  });

test("two and three faults at once: all of them are told", () => {
  for (const [i, a] of faults.entries()) for (const [j, b] of faults.entries()) for (const c of [undefined, ...faults.slice(j + 1)]) {
    if (j <= i) continue;
    const chosen = [a, b, ...(c ? [c] : [])];
    if (["no route", "the route in another table", "NAT instance stopped", "no public address"].filter((name) => chosen.some((f) => f[0] === name)).length > 1 && chosen.some((f) => f[0].includes("route"))) continue; // which of several instances was meant cannot be told
    const records = guideRecords();
    for (const [, break_] of chosen) break_(records);
    const told = codes(ask(records));
    for (const [name, , code] of chosen) assert.ok(told.includes(code), `${chosen.map((f) => f[0]).join(" + ")}: ${name} is not among ${told.join(" ")}`);
  }
});

test("a NAT instance that does not translate is told as that, and its missing address beside it", () => {
  const records = guideRecords().change("network-interface", "eni-nat", { privateAddresses: [{ address: "10.0.0.10", primary: true }] });
  assert.deepEqual(codes(ask(records, {}, "i-other")), ["GUEST_NAT_MISSING", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"]);
});

test("filters of blocks and ranges: the packet is one that both ends want, where there is one", () => {
  const web = { protocol: "tcp", port: 80 } as const;
  const sent = (question: Partial<Question>): Answer["forward"][number]["outbound"] => { const answer = ask(guideRecords(), { ...web, ...question }); assert.deepEqual(codes(answer), []); return answer.forward[0]!.outbound; };
  assert.equal(sent({ filterAtSource: { sourceAddress: "10.0.1.0/24" } })!.source, "10.0.1.20");
  assert.equal(sent({ destination: undefined, filterAtSource: { destinationAddress: "192.0.2.0/24" } })!.destination, "192.0.2.80");
  assert.equal(sent({ filterAtDestination: { sourcePorts: { from: 1024, to: 2047 } } })!.sourcePort, 1024);
  assert.equal(sent({ filterAtSource: { sourcePorts: { from: 1000, to: 3000 } }, filterAtDestination: { sourcePorts: { from: 2000, to: 5000 } } })!.sourcePort, 2000);
  assert.deepEqual(codes(ask(guideRecords(), { ...web, filterAtSource: { sourcePorts: { from: 1000, to: 1999 } }, filterAtDestination: { sourcePorts: { from: 2000, to: 5000 } } })), ["FILTER_AT_DESTINATION_SOURCE_PORT_RANGE"]);
});

test("answers that leave by a NAT instance which never saw the question: UDP's are translated anew, TCP's and echoes pass as they are", () => {
  const open = [everything(true), everything(false)];
  const records = guideRecords().change("network-interface", "eni-private", { privateAddresses: [{ address: "10.0.1.20", primary: true, publicIp: "203.0.113.7" }] }).change("security-group", "sg-private", { rules: open }).change("security-group", "sg-nat", { rules: open });
  const guests = { "i-nat": readGuest(natFacts), "i-private": readGuest({ ...privateFacts, listeners: [{ protocol: "udp", address: "0.0.0.0", port: 53 }, ...privateFacts.listeners] }) };
  const inwards = (question: Partial<Question>): Answer => analyze(readNetwork(records.snapshot), { source: { kind: "internet-gateway", id: "igw-1" }, destination: { kind: "interface", id: "eni-private" }, protocol: "icmp", ...question }, (id) => guests[id as keyof typeof guests]);
  for (const question of [{}, { protocol: "tcp", port: 22 }] as const) assert.deepEqual(codes(inwards(question)), []);
  const udp = inwards({ protocol: "udp", port: 53 });
  assert.deepEqual(udp.explanations.map((e) => [e.code, e.direction, e.mend]), [["NGW_SOURCE_ADDRESS_REASSIGN", "return", "aws ec2 replace-route --route-table-id rtb-main --destination-cidr-block 0.0.0.0/0 --gateway-id igw-1"]]);
});

test("a guest that swallows the packet without a word: not reachable all the same", () => {
  const nothing = { causes: [], notes: [], to: { kind: "nowhere" } } as const;
  const answer = analyze(readNetwork(guideRecords().snapshot), { source: { kind: "interface", id: "eni-private" }, destination: { kind: "address", address: "192.0.2.80" }, protocol: "icmp" }, (id) => (id === "i-private" ? { send: () => nothing, receive: () => nothing } : undefined));
  assert.deepEqual([answer.reachable, codes(answer)], [false, ["NO_PATH"]]);
});

test("several questions in turn: the mends of all can be run one after the other", () => {
  const records = guideRecords();
  records.change("network-acl", "acl-private", { entries: [...records.get("network-acl", "acl-private").entries, { ruleNumber: 50, egress: false, protocol: "-1", action: "deny", cidrBlock: "0.0.0.0/0" }] });
  records.change("security-group", "sg-nat", { rules: [everything(true)] });
  const to = (question: Partial<Question>): Question => ({ source: { kind: "interface", id: "eni-private" }, destination: { kind: "address", address: "192.0.2.80" }, protocol: "icmp", ...question });
  const mends = analyzeInTurn(readNetwork(records.snapshot), [to({}), to({ protocol: "tcp", port: 80 })], simpleGuests(records, "i-nat")).flatMap((answer) => answer.explanations.map((e) => e.mend));
  assert.equal(mends.length, 4);
  assert.deepEqual(mends.flatMap((mend) => /--rule-number (\d+)/.exec(mend)?.[1] ?? []), ["49", "48"]);
});

test("hosts of the internet: silent to ping, without a port, not there", () => {
  const to = (address: string, more: Partial<Question> = {}): string[] => codes(ask(guideRecords(), { destination: { kind: "address", address }, ...more }));
  assert.deepEqual(to("192.0.2.83"), ["GUEST_PING_IGNORED"]);
  assert.deepEqual(to("192.0.2.80", { protocol: "tcp", port: 80 }), []);
  assert.deepEqual(to("192.0.2.80", { protocol: "tcp" }), []);
  assert.deepEqual(to("192.0.2.77"), ["NO_POSSIBLE_DESTINATION"]);
});
