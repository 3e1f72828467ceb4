// Owns that no input of any offered operation is answered with an error of ours: random values of the right shape, of the wrong one, ids that
// exist in places where they do not belong, texts that mean something elsewhere. Refusals are AWS's, in XML or JSON, never a 500.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { request } from "node:http";
import { serviceNamed, type Member, type ServiceName, type Shape } from "../../src/wire/model.ts";
import { offeredOperations, operationsIn } from "../../src/wire/operations.ts";
import { signedHeaders } from "../support/sign.ts";
import { WireServer } from "../support/wire.ts";

const CALLS_PER_OPERATION = Number(process.env.BROKEN_INPUT_CALLS ?? 12);
const seed = Number(process.env.BROKEN_INPUT_SEED ?? 20261124);

let server: WireServer;
before(async () => { server = await WireServer.ofBox(); });
after(async () => { await server.close(); });

/** The same numbers in every run: what failed once fails again. */
function randomOf(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const texts = [
  "", " ", "x", "0", "-1", "00", "true", "*", "?", "\\", "a".repeat(300), "é", "\u{1f600}", "\ud800", "<a>&\"'", "\0", "a\nb", "__proto__", "constructor", "toString", "hasOwnProperty", "$Latest", "$Default", "1", "65536", "1e9",
  "10.0.0.0/16", "10.0.0.0/33", "10.0.0.5/24", "10.1.0.0/24", "0.0.0.0/0", "999.0.0.1", "10.0.0.9", "172.31.0.9", "255.255.255.255/32", "::/0", "2001:db8::/32", "203.0.113.1", "tcp", "6", "58", "all", "icmp", "default", "t3.micro", "us-east-1a", "us-east-9z", "available",
  "vpc-", "vpc-0123456789abcdef0", "sg-12345678", "arn:aws:iam::000000000000:role/x", "arn:", "{}", "{\"a\":", "[]", "null", "{\"Version\":\"2012-10-17\",\"Statement\":[{}]}", "AAAA", "====", "ssh-rsa AAAA", "2026-01-01T00:00:00Z", "9999-99-99", "pl-", "tag:", "key=value",
];
const numbers = ["0", "1", "-1", "2", "5", "16", "22", "100", "255", "256", "1000", "65535", "65536", "4294967296", "-2147483649", "0.5", "1e308", "NaN", "Infinity", "x", ""];

class Maker {
  readonly #random: () => number;
  readonly #ids: readonly string[];
  constructor(random: () => number, ids: readonly string[]) {
    this.#random = random;
    this.#ids = ids;
  }
  chance(p: number): boolean { return this.#random() < p; }
  pick<T>(items: readonly T[]): T { return items[Math.floor(this.#random() * items.length)]!; }

  text(member: Member): string {
    if (member.values && this.chance(0.8)) return this.pick([...member.values]);
    // An id of the kind that the parameter's name speaks of, now and then: what is behind the first checks must be reached too.
    const named = this.#ids.filter((id) => prefixesOf(member.name).includes(id.split("-")[0]!));
    if (named.length > 0 && this.chance(0.7)) return this.pick(named);
    return this.chance(0.2) ? this.pick(this.#ids) : this.pick(texts);
  }

  value(member: Member, depth: number): unknown {
    const { shape } = member;
    switch (shape.kind) {
      case "struct": return this.struct(shape, depth + 1);
      case "list": return Array.from({ length: this.pick([0, 1, 1, 1, 2, 3]) }, () => this.value({ ...shape.item!, shape: shape.item!.shape, name: member.name, values: member.values ?? shape.item!.values } as Member, depth + 1));
      case "map": return { [this.pick(texts) || "k"]: this.value({ ...shape.value!, shape: shape.value!.shape } as Member, depth + 1) };
      case "boolean": return this.pick(["true", "false", "true", "false", "TRUE", "maybe"]);
      case "number": return this.pick(numbers);
      default: return this.text(member);
    }
  }

  struct(shape: Shape, depth = 0): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    if (depth > 4) return out;
    shape.members.forEach((member, i) => {
      if (member.name === "DryRun" || (member.name === "ClientToken" && this.chance(0.9))) return;
      const wanted = i < shape.required ? 0.97 : depth === 0 ? Math.min(0.5, 5 / shape.members.length) : 0.5;
      if (this.chance(wanted)) out[member.name] = this.value(member, depth);
    });
    return out;
  }
}

const prefixByWord: Readonly<Record<string, readonly string[]>> = {
  vpc: ["vpc"], subnet: ["subnet"], group: ["sg"], rule: ["sgr"], instance: ["i"], image: ["ami"], route: ["rtb"], gateway: ["igw", "nat"], interface: ["eni"], acl: ["acl"], allocation: ["eipalloc"], association: ["eipassoc", "rtbassoc", "aclassoc"], volume: ["vol"],
  snapshot: ["snap"], template: ["lt"], dhcp: ["dopt"], peering: ["pcx"], list: ["pl"], flow: ["fl"], resource: ["vpc", "subnet", "i", "eni", "sg", "rtb"], attachment: ["eni-attach"], source: ["i", "eni", "igw", "vpc"], destination: ["i", "eni", "igw"], path: ["nip"], analysis: ["nia"], scope: ["nis"],
};
const prefixesOf = (name: string): string[] => Object.entries(prefixByWord).flatMap(([word, prefixes]) => (name.toLowerCase().includes(word) ? prefixes : []));

function formOf(input: unknown, shape: Shape, query: "ec2" | "xml", prefix = ""): string[] {
  const put = (at: string, member: Member, value: unknown): string[] => {
    if (member.shape.kind === "struct") return formOf(value, member.shape, query, `${at}.`);
    if (member.shape.kind === "list") return (value as unknown[]).flatMap((one, i) => put(query === "ec2" ? `${at}.${i + 1}` : `${at}.member.${i + 1}`, member.shape.item!, one));
    if (member.shape.kind === "map") return Object.entries(value as object).flatMap(([k, v]) => [`${at}.entry.1.key=${encode(k)}`, `${at}.entry.1.value=${encode(String(v))}`]);
    return [`${at}=${encode(String(value))}`];
  };
  return shape.members.flatMap((member) => {
    const value = (input as Record<string, unknown>)[member.name];
    return value === undefined ? [] : put(`${prefix}${member[query]}`, member, value);
  });
}
const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

function post(service: ServiceName, body: string, extra: Readonly<Record<string, string>> = {}): Promise<{ status: number; type: string; text: string }> {
  const headers = { ...signedHeaders(service, body, extra), "content-length": Buffer.byteLength(body), connection: "close" };
  return new Promise((resolve, reject) => {
    request(server.endpoint, { method: "POST", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; }).on("end", () => resolve({ status: response.statusCode!, type: response.headers["content-type"] ?? "", text }));
    }).on("error", reject).end(body);
  });
}

async function call(service: ServiceName, name: string, input: Record<string, unknown>): Promise<{ status: number; type: string; text: string }> {
  const { protocol, version, operation } = serviceNamed(service)!;
  if (protocol === "awsJson") return post(service, JSON.stringify(input), { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AmazonSSM.${name}` });
  return post(service, [`Action=${name}`, `Version=${version}`, ...formOf(input, operation(name)!.input, protocol === "ec2Query" ? "ec2" : "xml")].join("&"));
}

/** Ids of what there is now, so that later calls meet what earlier ones made. */
function idsThere(): string[] {
  const ids = new Set<string>();
  for (const kind of ["vpc", "subnet", "internet-gateway", "route-table", "security-group", "network-interface", "elastic-ip", "instance", "image", "volume", "snapshot", "launch-template", "network-acl", "dhcp-options", "natgateway", "vpc-peering-connection", "prefix-list", "vpc-flow-log"] as const)
    for (const record of server.store.snapshot().list(kind).slice(-6)) for (const [id] of JSON.stringify(record).matchAll(/\b[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}\b/g)) ids.add(id);
  return [...ids];
}

test(`${CALLS_PER_OPERATION} random inputs of every operation: an answer, or a refusal in AWS's form`, { timeout: 600_000 }, async () => {
  const random = randomOf(seed);
  const wrong: string[] = [];
  let answered = 0, calls = 0;
  for (let round = 0; round < CALLS_PER_OPERATION; round++) {
    const maker = new Maker(random, idsThere());
    for (const { service, name } of offeredOperations(operationsIn())) {
      const input = maker.struct(serviceNamed(service)!.operation(name)!.input);
      const { status, type, text } = await call(service, name, input);
      calls++;
      if (status === 200) answered++;
      const inForm = service === "ssm" ? status === 200 || /"__type":"\w+/.test(text) : status === 200 || /<Code>[\w.]+<\/Code>\s*<Message>/.test(text);
      if (status >= 500 || !inForm || /html/i.test(type)) wrong.push(`${service} ${name} ${JSON.stringify(input)}: ${status} ${text.slice(0, 200)}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(answered > calls / 20, `${answered} of ${calls} calls were good`);
});
