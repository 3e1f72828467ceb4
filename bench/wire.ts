// Owns the API's own figures: signed calls to boxes that hold many records, each from its own process over HTTP.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { Box } from "../test/support/box.ts";
import { signedHeaders } from "../test/support/sign.ts";
import { fillState, type StateSize } from "./wire-records.ts";
import { figure, type Figure, type Part } from "./figure.ts";

const CLIENTS = 8;
const THROUGHPUT_MS = 4000;

export const wirePart: Part = {
  about: "signed calls among many records: pages, calls a second, a group among 10,000",
  measure: ({ rounds, note }) => measureWire(rounds, note),
};

async function measureWire(rounds: number, note: (text: string) => void): Promise<Figure[]> {
  note("boxes of many records ...");
  const boxes: Box[] = [];
  const boxOf = async (size: StateSize): Promise<Api> => {
    const box = new Box();
    boxes.push(box);
    await fillState(box.stateDir, size);
    await box.up("--access-key", "test:secret", "--quota", "all=unlimited");
    return new Api(box);
  };
  try {
    const many = await boxOf({ vpcs: 99, groups: 500, instances: 1000 }); // and the VPC of the instances
    const [few, crowded] = [await boxOf({ vpcs: 1, groups: 10, instances: 0 }), await boxOf({ vpcs: 1, groups: 10_000, instances: 0 })];
    note("pages ...");
    const instances = await pages(many, "DescribeInstances", 10, rounds * 4);
    const groups = await pages(many, "DescribeSecurityGroups", 5, rounds * 8);
    note("signed DescribeVpcs ...");
    const throughput = await callsPerProcessorSecond(many, "DescribeVpcs");
    note("CreateSecurityGroup among 10 and among 10,000 groups ...");
    const ratios: number[] = [];
    const alone: number[] = [];
    for (let i = 0; i < rounds * 12; i++) {
      const body = `Action=CreateSecurityGroup&Version=2016-11-15&GroupName=made-${i}&GroupDescription=bench`;
      const [small, large] = [await timed(() => few.call(body)), await timed(() => crowded.call(body))];
      ratios.push(large / small);
      alone.push(large);
    }
    return [
      figure("DescribeInstances, a page of 100 of 1,000", "ms", instances, "< 20"),
      figure("DescribeSecurityGroups, a page of 100 of 500", "ms", groups, "< 20"),
      figure("DescribeVpcs of 100 VPCs, signed, a second on one core", "calls/s", throughput, ">= 1500"),
      figure("CreateSecurityGroup among 10,000 groups", "ms", alone, "-"),
      figure("the same against among 10", "ratio", ratios, "<= 1.5"),
    ];
  } finally {
    for (const box of boxes) await box.remove();
  }
}

/** Walks the pages; each page is a sample. */
async function pages(api: Api, operation: string, count: number, walks: number): Promise<number[]> {
  const samples: number[] = [];
  for (let walk = 0; walk < walks; walk++) {
    let token = "";
    for (let page = 0; page < count; page++) {
      const body = `Action=${operation}&Version=2016-11-15&MaxResults=100${token === "" ? "" : `&NextToken=${encodeURIComponent(token)}`}`;
      let text = "";
      samples.push(await timed(async () => { text = await api.call(body); }));
      token = /<nextToken>([^<]+)</.exec(text)?.[1] ?? "";
      if ((token === "") !== (page === count - 1)) throw new Error(`${operation} does not have ${count} pages`);
    }
  }
  return samples;
}

/** Calls a second of the daemon's own processor time, several clients at once: what one core does, whatever the clients take beside it. */
async function callsPerProcessorSecond(api: Api, operation: string): Promise<number[]> {
  const body = `Action=${operation}&Version=2016-11-15`;
  const answer = await api.call(body);
  if (answer.split("<vpcId>").length !== 101) throw new Error(`there are not 100 VPCs but ${answer.split("<vpcId>").length - 1}`);
  const samples: number[] = [];
  for (let part = 0; part < 4; part++) {
    const end = performance.now() + THROUGHPUT_MS / 4;
    const before = api.processorSeconds();
    let calls = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => { while (performance.now() < end) { await api.call(body); calls++; } }));
    samples.push(calls / (api.processorSeconds() - before));
  }
  return samples;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

class Api {
  readonly #box: Box;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  constructor(box: Box) {
    this.#box = box;
  }

  call(body: string): Promise<string> {
    const headers = { ...signedHeaders("ec2", body), "content-length": Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      request(this.#box.endpoint, { method: "POST", agent: this.#agent, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; }).on("error", reject);
        response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
      }).on("error", reject).end(body);
    });
  }

  /** User and system time of the daemon (proc(5), stat, fields 14 and 15), in hundredths. */
  processorSeconds(): number {
    const fields = readFileSync(`/proc/${this.#box.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
}
