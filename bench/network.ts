// Owns the networks the benchmark compares: the guide's, in a box of its own, and the hand-made chain client - NAT - server of
// three namespaces and iptables, with nothing in between.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Box, run, root } from "../test/support/box.ts";
import { buildNatNetwork, findImage, type NatNetwork } from "../test/support/nat-network.ts";

export interface BenchBox {
  readonly box: Box;
  readonly network: NatNetwork;
  readonly firstCallMs: number;
  readonly tools: string; // directory with the compiled load program
  /** Network namespaces by path. */
  readonly client: string;
  readonly internet: string;
  readonly bare: { readonly client: string; readonly server: string; readonly serverAddress: string };
  remove(): Promise<void>;
}

export const benchAddress = "192.0.2.80";

export async function must(file: string, ...args: string[]): Promise<string> {
  const result = await run(file, args);
  if (result.status !== 0) throw new Error(`${file} ${args.join(" ")}: ${result.stderr.trim()}`);
  return result.stdout;
}

export async function buildBenchBox(): Promise<BenchBox> {
  const box = new Box();
  try {
    return await build(box);
  } catch (error) {
    await box.remove();
    throw error;
  }
}

async function build(box: Box): Promise<BenchBox> {
  const tools = mkdtempSync(join(tmpdir(), "vpcbox-bench-"));
  await must("clang", "-O2", "-o", join(tools, "connections"), join(root, "bench/connections.c"));
  const started = performance.now();
  await box.up();
  const probe = await fetch(`${box.endpoint}/?Action=DescribeVpcs&Version=2016-11-15`); // refused for want of a signature: an answer
  const firstCallMs = performance.now() - started;
  if (probe.status < 400) throw new Error("an unsigned call was answered");
  const network = await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*"));
  for (const port of [8080, 5201]) {
    const rule = ["--group-id", network.natGroup, "--ip-permissions", `IpProtocol=tcp,FromPort=${port},ToPort=${port},IpRanges=[{CidrIp=0.0.0.0/0}]`];
    await box.aws("ec2", "authorize-security-group-ingress", ...rule);
    await box.aws("ec2", "authorize-security-group-egress", ...rule);
  }
  const bare = await buildBareChain();
  const run_ = `/run/vpcbox/${box.name}`;
  return {
    box, network, firstCallMs, tools, bare,
    client: `${run_}/guests/${network.private}/net`,
    internet: `${run_}/netns/internet`,
    remove: async () => {
      await bare.remove();
      await box.remove();
      rmSync(tools, { recursive: true });
    },
  };
}

/** client -- NAT -- server: veth pairs and one MASQUERADE rule. */
async function buildBareChain() {
  const id = randomBytes(3).toString("hex");
  const [client, nat, server] = [`vbb-c-${id}`, `vbb-n-${id}`, `vbb-s-${id}`];
  const script = `set -e
    for n in ${client} ${nat} ${server}; do ip netns add $n; ip -n $n link set lo up; done
    ip -n ${client} link add eth0 type veth peer name p netns ${nat}
    ip -n ${nat} link add eth0 type veth peer name eth0 netns ${server}
    ip -n ${client} addr add 10.0.1.10/24 dev eth0; ip -n ${nat} addr add 10.0.1.1/24 dev p
    ip -n ${nat} addr add 198.51.100.1/24 dev eth0; ip -n ${server} addr add 198.51.100.2/24 dev eth0
    ip -n ${client} link set eth0 up; ip -n ${nat} link set p up; ip -n ${nat} link set eth0 up; ip -n ${server} link set eth0 up
    ip -n ${client} route add default via 10.0.1.1
    ip netns exec ${nat} sysctl -qw net.ipv4.ip_forward=1
    ip netns exec ${nat} nft 'add table ip nat; add chain ip nat post { type nat hook postrouting priority srcnat; }; add rule ip nat post oifname eth0 masquerade'`;
  const remove = async (): Promise<void> => { for (const n of [client, nat, server]) await run("ip", ["netns", "del", n]); };
  await must("sh", "-c", script).catch(async (error) => { await remove(); throw error; });
  return { client: `/run/netns/${client}`, server: `/run/netns/${server}`, serverAddress: "198.51.100.2", remove };
}
