// Owns the networks the benchmark compares: the guide's, in a box of its own, and the hand-made chain client - NAT - server of
// three namespaces and iptables, with nothing in between.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ec2 from "@aws-sdk/client-ec2";
import { Box, run, root } from "../test/support/box.ts";
import { buildNatNetwork, findImage, waitForState, type NatNetwork } from "../test/support/nat-network.ts";

export interface BenchBox {
  readonly box: Box;
  readonly network: NatNetwork;
  readonly firstCallMs: number;
  readonly tools: string; // directory with the compiled load program
  /** Network namespaces by path. */
  readonly client: string;
  readonly gatewayClient: string; // its subnet's way out is a NAT gateway
  readonly internet: string;
  readonly laptop: string;
  readonly bare: Chain;
  readonly router: Chain;
  remove(): Promise<void>;
}

/** Two ends of a way: network namespaces by path, and the address at which the one reaches the other. */
export interface Chain { readonly client: string; readonly server: string; readonly address: string }
interface HandMade extends Chain { remove(): Promise<void> }

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
  for (const [protocol, port, last] of [["tcp", 8080, 8080], ["tcp", 8082, 8084], ["tcp", 5201, 5201], ["udp", 8081, 8081]] as const) {
    const rule = ["--group-id", network.natGroup, "--ip-permissions", `IpProtocol=${protocol},FromPort=${port},ToPort=${last},IpRanges=[{CidrIp=0.0.0.0/0}]`];
    await box.aws("ec2", "authorize-security-group-ingress", ...rule);
    await box.aws("ec2", "authorize-security-group-egress", ...rule);
  }
  const behindGateway = await addNatGateway(box, network);
  const bare = await buildBareChain();
  const router = await buildRouter().catch(async (error) => { await bare.remove(); throw error; });
  const run_ = `/run/vpcbox/${box.name}`;
  return {
    box, network, firstCallMs, tools, bare, router,
    client: `${run_}/guests/${network.private}/net`,
    gatewayClient: `${run_}/guests/${behindGateway}/net`,
    internet: `${run_}/netns/internet`,
    laptop: `${run_}/netns/laptop`,
    remove: async () => {
      await bare.remove();
      await router.remove();
      await box.remove();
      rmSync(tools, { recursive: true });
    },
  };
}

/** A second private subnet with an instance, and a NAT gateway for it: as AWS recommends in place of a NAT instance. Answers the instance. */
async function addNatGateway(box: Box, { vpc, publicSubnet, privateGroup }: NatNetwork): Promise<string> {
  const call = box.ec2;
  const subnet = (await call.send(new ec2.CreateSubnetCommand({ VpcId: vpc, CidrBlock: "10.0.2.0/24" }))).Subnet!.SubnetId!;
  const AllocationId = (await call.send(new ec2.AllocateAddressCommand({ Domain: "vpc" }))).AllocationId!;
  const NatGatewayId = (await call.send(new ec2.CreateNatGatewayCommand({ SubnetId: publicSubnet, AllocationId }))).NatGateway!.NatGatewayId!;
  const RouteTableId = (await call.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }))).RouteTable!.RouteTableId!;
  await call.send(new ec2.AssociateRouteTableCommand({ RouteTableId, SubnetId: subnet }));
  await ec2.waitUntilNatGatewayAvailable({ client: call, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { NatGatewayIds: [NatGatewayId] });
  await call.send(new ec2.CreateRouteCommand({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId }));
  const launched = await call.send(new ec2.RunInstancesCommand({ ImageId: await findImage(box, "al2023-ami-*"), InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, SubnetId: subnet, SecurityGroupIds: [privateGroup] }));
  const instance = launched.Instances![0]!.InstanceId!;
  await waitForState(box, instance, "running");
  return instance;
}

/** Namespaces by the letters of their names, set up by a script in which $c, $n, $r and $s name them. */
async function handMade(letters: string, address: string, script: string): Promise<HandMade> {
  const id = randomBytes(3).toString("hex"), nameOf = (letter: string): string => `vbb-${letter}-${id}`;
  const remove = async (): Promise<void> => { for (const letter of letters) await run("ip", ["netns", "del", nameOf(letter)]); };
  const names = [...letters].map((letter) => `${letter}=${nameOf(letter)}; ip netns add $${letter}; ip -n $${letter} link set lo up`);
  await must("sh", "-c", `set -e\n${names.join("\n")}\n${script}`).catch(async (error) => { await remove(); throw error; });
  return { client: `/run/netns/${nameOf("c")}`, server: `/run/netns/${nameOf("s")}`, address, remove };
}

/** client -- NAT -- server: veth pairs and one MASQUERADE rule. */
const buildBareChain = (): Promise<HandMade> => handMade("cns", "198.51.100.2", `
  ip -n $c link add eth0 type veth peer name p netns $n
  ip -n $n link add eth0 type veth peer name eth0 netns $s
  ip -n $c addr add 10.0.1.10/24 dev eth0; ip -n $n addr add 10.0.1.1/24 dev p
  ip -n $n addr add 198.51.100.1/24 dev eth0; ip -n $s addr add 198.51.100.2/24 dev eth0
  ip -n $c link set eth0 up; ip -n $n link set p up; ip -n $n link set eth0 up; ip -n $s link set eth0 up
  ip -n $c route add default via 10.0.1.1
  ip netns exec $n sysctl -qw net.ipv4.ip_forward=1
  ip netns exec $n iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE`);

/** What one would build without vpcbox: client, NAT and server around one router with the guide's policy in nftables, and 1:1 translation. */
const buildRouter = (): Promise<HandMade> => handMade("cnrs", benchAddress, `
  for e in c:10.0.1 n:10.0.0 s:192.0.2; do
    l=\${e%%:*}; net=\${e#*:}; eval "ns=\\$$l"
    ip -n $ns link add eth0 type veth peer name to_$l netns $r
    ip -n $r addr add $net.1/24 dev to_$l; ip -n $ns link set eth0 up; ip -n $r link set to_$l up
    case $l in c) a=10.0.1.10;; n) a=10.0.0.10;; s) a=192.0.2.80;; esac
    ip -n $ns addr add $a/24 dev eth0; ip -n $ns route add default via $net.1
  done
  for x in $n $r; do ip netns exec $x sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.send_redirects=0; done
  ip -n $r rule add iif to_c lookup 100; ip -n $r route add default via 10.0.0.10 dev to_n table 100
  ip netns exec $n nft 'add table ip nat; add chain ip nat post { type nat hook postrouting priority srcnat; }; add rule ip nat post oifname eth0 masquerade'
  ip netns exec $r nft -f - <<RULES
table ip guide {
  set public_ports { type inet_proto . inet_service; elements = { tcp . 80, tcp . 443, tcp . 8080, tcp . 8082, tcp . 8083, tcp . 8084, tcp . 5201, udp . 8081 } }
  chain forward { type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname to_c oifname to_n ip saddr 10.0.1.0/24 meta l4proto . th dport @public_ports accept
    iifname to_c oifname to_n ip saddr 10.0.1.0/24 icmp type echo-request accept
    iifname to_n oifname to_s ip saddr 10.0.0.10 meta l4proto . th dport @public_ports accept
    iifname to_n oifname to_s ip saddr 10.0.0.10 icmp type echo-request accept
  }
  chain outwards { type nat hook postrouting priority srcnat; oifname to_s snat to 203.0.113.10; }
  chain inwards { type nat hook prerouting priority dstnat; iifname to_s ip daddr 203.0.113.10 dnat to 10.0.0.10; }
}
RULES`);
