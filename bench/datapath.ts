// Owns the datapath's figures: new connections, bulk TCP, small UDP packets and flood ping through private instance, NAT instance and
// internet gateway to an internet host, and by a NAT gateway in place of the instance, each against the bare chain, an nftables router
// and a program that decides nothing; they take turns by the second.

import { spawn, type ChildProcess } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { figure, type Bench, type Figure, type Part } from "./figure.ts";
import { benchAddress, must, type Chain } from "./hand-made.ts";

type Way = "fabric" | "gateway" | "bare" | "router" | "redirect";
export const datapathPart: Part = { about: "packets through NAT instance and gateway, against a hand-made chain", measure: measureDatapath };

const inside = (netns: string, ...command: string[]): [string, ...string[]] => ["nsenter", `--net=${netns}`, ...command];

// Each end keeps its processor. Left to the scheduler, the ends share one in some rounds and not in others, which is worth more than what is compared.
const loadAt = (netns: string, ...command: string[]): [string, ...string[]] => ["taskset", "-c", "0", ...inside(netns, ...command)];
const serveAt = (netns: string, ...command: string[]): [string, ...string[]] => ["taskset", "-c", String(cpus().length - 1), ...inside(netns, ...command)];

/** Of each measure in a round: they take turns by the second, faster than the machine's speed moves. */
const TURNS = 3;
/** A port for each turn: a NAT gateway has 55,000 connections to a destination, and the server keeps each that is over for a minute. */
const httpPort = (turn: number): string => String(8082 + turn);

async function measureDatapath({ guide, rounds, note }: Bench): Promise<Figure[]> {
  const bench = await guide();
  const chains: Readonly<Record<Way, Chain>> = { fabric: { client: bench.client, server: bench.internet, address: benchAddress }, gateway: { client: bench.gatewayClient, server: bench.internet, address: benchAddress }, bare: bench.bare, router: bench.router, redirect: bench.redirect };
  const stop = await startServers([...new Set(Object.values(chains).map((chain) => chain.server))], bench.tools);
  const figures: Figure[] = [];
  /** Samples of each measure, of one way after the other in every turn. */
  const compare = async (what: string, ways: readonly Way[]): Promise<Map<string, Record<Way, number[]>>> => {
    const samples = new Map(Object.keys(measures).map((name) => [name, { fabric: [], gateway: [], bare: [], router: [], redirect: [] } as Record<Way, number[]>]));
    for (let round = 1; round <= rounds; round++) {
      note(`datapath, ${what}, round ${round} of ${rounds} ...`);
      for (const [name, { measure }] of Object.entries(measures))
        for (let turn = 0; turn < TURNS; turn++)
          for (const way of ways) samples.get(name)![way].push(await measure(chains[way], bench.tools, turn));
    }
    return samples;
  };
  try {
    const byInstance = await compare("NAT instance", ["bare", "fabric", "redirect", "router"]);
    const byGateway = await compare("NAT gateway", ["bare", "gateway"]); // not among the others: each connection leaves it a clock that goes off seconds later
    for (const [name, { unit, target }] of Object.entries(measures)) {
      const { fabric, bare, router, redirect } = byInstance.get(name)!, again = byGateway.get(name)!;
      figures.push(figure(`${name}, of the bare chain's`, "ratio", fabric.map((value, i) => value / bare[i]!), target));
      figures.push(figure(`${name}, of an nftables router's`, "ratio", fabric.map((value, i) => value / router[i]!), "-"));
      figures.push(figure(`${name}, by a program that decides nothing, of the bare chain's`, "ratio", redirect.map((value, i) => value / bare[i]!), "-"));
      figures.push(figure(`${name}, by a NAT gateway, of the bare chain's`, "ratio", again.gateway.map((value, i) => value / again.bare[i]!), target));
      figures.push(figure(name, unit, fabric, "-"), figure(`${name}, bare chain`, unit, bare, "-"), figure(`${name}, nftables router`, unit, router, "-"));
    }
  } finally {
    stop();
  }
  return figures;
}

export async function startServers(namespaces: readonly string[], tools: string): Promise<() => void> {
  const program = join(tools, "connections"), servers: ChildProcess[] = [];
  const start = (...[file, ...args]: [string, ...string[]]): void => { servers.push(spawn(file, args, { stdio: "ignore" })); };
  for (const netns of namespaces) {
    start(...serveAt(netns, program, "serve", "8080"));
    start(...serveAt(netns, program, "sink", "8081"));
    for (let turn = 0; turn < TURNS; turn++) start(...serveAt(netns, program, "http", httpPort(turn)));
    start(...serveAt(netns, "iperf3", "-s", "-p", "5201"));
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return () => { for (const server of servers) server.kill(); };
}

export const connectionsPerSecond = async (c: Chain, tools: string): Promise<number> => Number((await must(...loadAt(c.client, join(tools, "connections"), "load", c.address, "8080", "16", "1"))).split(" ")[0]);

/** What a web server's clients do: connect, ask, hear, and the server closes. */
const httpPerSecond = async (c: Chain, _tools: string, turn: number): Promise<number> => Number(/Requests\/sec:\s+([\d.]+)/.exec(await must(...loadAt(c.client, "wrk", "-t1", "-c16", "-d1", `http://${c.address}:${httpPort(turn)}/`)))?.[1]);

export async function gigabitsPerSecond(c: Chain): Promise<number> {
  const report = JSON.parse(await must(...loadAt(c.client, "iperf3", "-c", c.address, "-p", "5201", "-t", "1", "-J"))) as { end: { sum_received: { bits_per_second: number } } };
  return report.end.sum_received.bits_per_second / 1e9;
}

/** Of 64 bytes, one way: what came to the receiver, whether its process had room for it or not. */
export async function datagramsPerSecond(c: Chain, tools: string): Promise<number> {
  const came = async (): Promise<number> => {
    const [names, values] = [...(await must(...inside(c.server, "cat", "/proc/net/snmp"))).matchAll(/^Udp: (.*)$/gm)].map((m) => m[1]!.split(" "));
    return ["InDatagrams", "RcvbufErrors"].reduce((sum, name) => sum + Number(values![names!.indexOf(name)]), 0);
  };
  const before = await came(), seconds = Number(await must(...loadAt(c.client, join(tools, "connections"), "blast", c.address, "8081", "1")));
  return ((await came()) - before) / seconds;
}

const roundTripUs = async (c: Chain): Promise<number> => Number(/= [\d.]+\/([\d.]+)\//.exec(await must(...loadAt(c.client, "ping", "-q", "-f", "-c", "3000", c.address)))?.[1]) * 1000;

const measures: Readonly<Record<string, { readonly unit: string; readonly target: string; measure(chain: Chain, tools: string, turn: number): Promise<number> }>> = {
  "new HTTP connections per second": { unit: "1/s", target: ">= 0.95", measure: httpPerSecond },
  "new connections of 64 bytes, reset, per second": { unit: "1/s", target: "-", measure: connectionsPerSecond },
  "bulk TCP, one stream": { unit: "Gbit/s", target: ">= 1.0", measure: gigabitsPerSecond },
  "small UDP packets per second": { unit: "1/s", target: ">= 0.9", measure: datagramsPerSecond },
  "flood ping round trip": { unit: "us", target: "<= 1.25", measure: roundTripUs },
};
