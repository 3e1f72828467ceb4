// Owns the datapath's figures: new connections, bulk TCP and flood ping through private instance, NAT instance and gateway to an
// internet host, each against the bare chain, one after the other in every round.

import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { figure, type Bench, type Figure, type Part } from "./figure.ts";
import { benchAddress, must } from "./network.ts";

export const datapathPart: Part = { about: "packets through NAT instance and gateway, against a hand-made chain", measure: measureDatapath };

interface Chain { readonly client: string; readonly server: string; readonly address: string }

const inside = (netns: string, ...command: string[]): [string, ...string[]] => ["nsenter", `--net=${netns}`, ...command];

async function measureDatapath({ guide, rounds, note }: Bench): Promise<Figure[]> {
  const bench = await guide();
  const fabric: Chain = { client: bench.client, server: bench.internet, address: benchAddress };
  const bare: Chain = { client: bench.bare.client, server: bench.bare.server, address: bench.bare.serverAddress };
  const program = join(bench.tools, "connections");
  const servers: ChildProcess[] = [];
  const start = (...[file, ...args]: [string, ...string[]]): void => { servers.push(spawn(file, args, { stdio: "ignore" })); };
  for (const chain of [fabric, bare]) {
    start(...inside(chain.server, program, "serve", "8080"));
    start(...inside(chain.server, "iperf3", "-s", "-p", "5201"));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const connections = async (c: Chain): Promise<number> => Number((await must(...inside(c.client, program, "load", c.address, "8080", "16", "2"))).split(" ")[0]);
  const bulk = async (c: Chain): Promise<number> => {
    const report = JSON.parse(await must(...inside(c.client, "iperf3", "-c", c.address, "-p", "5201", "-t", "2", "-J"))) as { end: { sum_received: { bits_per_second: number } } };
    return report.end.sum_received.bits_per_second / 1e9;
  };
  const ping = async (c: Chain): Promise<number> => Number(/= [\d.]+\/([\d.]+)\//.exec(await must(...inside(c.client, "ping", "-q", "-f", "-c", "3000", c.address)))?.[1]) * 1000;
  const samples = { connections: [] as number[], connectionsBare: [] as number[], connectionsRatio: [] as number[], bulk: [] as number[], bulkRatio: [] as number[], ping: [] as number[], pingRatio: [] as number[] };
  try {
    for (let round = 1; round <= rounds; round++) {
      note(`datapath, round ${round} of ${rounds} ...`);
      const [cb, cf] = [await connections(bare), await connections(fabric)];
      const [bb, bf] = [await bulk(bare), await bulk(fabric)];
      const [pb, pf] = [await ping(bare), await ping(fabric)];
      samples.connections.push(cf);
      samples.connectionsBare.push(cb);
      samples.connectionsRatio.push(cf / cb);
      samples.bulk.push(bf);
      samples.bulkRatio.push(bf / bb);
      samples.ping.push(pf);
      samples.pingRatio.push(pf / pb);
    }
  } finally {
    for (const server of servers) server.kill();
  }
  return [
    figure("new connections per second, of the bare chain's", "ratio", samples.connectionsRatio, ">= 0.85"),
    figure("new connections per second", "1/s", samples.connections, "-"),
    figure("new connections per second, bare chain", "1/s", samples.connectionsBare, "-"),
    figure("bulk TCP, of the bare chain's", "ratio", samples.bulkRatio, ">= 0.95"),
    figure("bulk TCP, one stream", "Gbit/s", samples.bulk, "-"),
    figure("flood ping round trip, of the bare chain's", "ratio", samples.pingRatio, "<= 1.4"),
    figure("flood ping round trip", "us", samples.ping, "-"),
  ];
}
