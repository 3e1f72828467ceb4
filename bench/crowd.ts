// Owns the figures of many instances: a hundred and five hundred of one call until each answers, one more beside them, and the memory of
// an idle one (its control group's: what is shared with the machine is the machine's).

import { existsSync, readFileSync } from "node:fs";
import { AuthorizeSecurityGroupIngressCommand, DescribeInstancesCommand, DescribeSecurityGroupsCommand, RunInstancesCommand, type Instance } from "@aws-sdk/client-ec2";
import { Box, cli, run, until } from "../test/support/box.ts";
import { findImage } from "../test/support/nat-network.ts";
import { figure, type Bench, type Figure, type Part } from "./figure.ts";

export const hundredPart: Part = { about: "100 instances of one call, and the memory of an idle one", measure: (bench) => measure(bench, 100, "< 20") };
export const crowdPart: Part = { about: "500 instances of one call: takes minutes and 5 GB", measure: (bench) => measure(bench, 500, "< 120") };

const DEADLINE_S = 600;
const MORE = 5;

async function measure({ note }: Bench, count: number, target: string): Promise<Figure[]> {
  const box = new Box();
  try {
    await box.up("--quota", "all=unlimited");
    const image = await findImage(box, "al2023-ami-*");
    const { SecurityGroups } = await box.ec2.send(new DescribeSecurityGroupsCommand({}));
    await box.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: SecurityGroups![0]!.GroupId!, IpPermissions: [{ IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }));
    const launch = async (n: number): Promise<Instance[]> => (await box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", MinCount: n, MaxCount: n }))).Instances!;
    const [client] = await launch(1);
    await until("the first runs", async () => ((await box.ec2.send(new DescribeInstancesCommand({ InstanceIds: [client!.InstanceId!] }))).Reservations![0]!.Instances![0]!.State!.Name === "running" ? true : undefined));
    const netns = `/run/vpcbox/${box.name}/guests/${client!.InstanceId}/net`;
    note(`${count} instances ...`);
    const started = performance.now();
    const crowd = await launch(count);
    await allAnswer(netns, crowd);
    const seconds = (performance.now() - started) / 1000;
    await allRun(box, count + 1);
    const running = (performance.now() - started) / 1000;
    const next: number[] = [];
    for (let i = 0; i < MORE; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1500)); // the last boot comes to rest
      const alone = performance.now();
      await allAnswer(netns, await launch(1));
      next.push(performance.now() - alone);
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const busy = await busyShare(5000);
    const megabytes = crowd.map((i) => memoryOf(`vpcbox.${box.name}.${i.InstanceId}`) / 1e6);
    return [figure(`${count} instances of one call, each has answered`, "s", [seconds], target), figure(`one more beside ${count}, to its first ping`, "ms", next, "< 200"), figure(`until all ${count} are running`, "s", [running], "-"), figure(`processors' time at rest beside ${count + MORE}, of all there is`, "", [busy], "-"), figure("memory of an idle instance", "MB", megabytes, "< 8")];
  } finally {
    note("taking them down ...");
    await run(cli, ["--box", box.name, "down"], { timeoutMs: DEADLINE_S * 1000 });
    await box.remove();
  }
}

/** One program for each: what asks takes as little of the processors from what boots as it can. */
async function allAnswer(netns: string, instances: readonly Instance[]): Promise<void> {
  const result = await run("nsenter", [`--net=${netns}`, "timeout", String(DEADLINE_S), "xargs", "-P", "4", "-I", "{}", "ping", "-n", "-q", "-c", "1", "-i", "0.02", "-w", String(DEADLINE_S), "{}"], { input: instances.map((i) => `${i.PrivateIpAddress}\n`).join(""), timeoutMs: (DEADLINE_S + 10) * 1000 });
  if (result.status !== 0) throw new Error(`not all of ${instances.length} instances answered within ${DEADLINE_S} s`);
}

async function allRun(box: Box, count: number): Promise<void> {
  const running = { Filters: [{ Name: "instance-state-name", Values: ["running"] }] };
  await until(`${count} run`, async () => ((await box.ec2.send(new DescribeInstancesCommand(running))).Reservations!.flatMap((r) => r.Instances!).length >= count ? true : undefined), DEADLINE_S * 1000);
}

/** Of all processors' time, the machine's other work with it (proc(5), /proc/stat). */
async function busyShare(ms: number): Promise<number> {
  const times = (): number[] => readFileSync("/proc/stat", "utf8").split("\n")[0]!.trim().split(/\s+/).slice(1).map(Number);
  const before = times();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const spent = times().map((time, i) => time - before[i]!), all = spent.reduce((a, b) => a + b, 0);
  return 1 - (spent[3]! + spent[4]!) / all;
}

/** Of version 2, or of version 1; both count the kernel's part in. */
function memoryOf(group: string): number {
  const current = `/sys/fs/cgroup/${group}/memory.current`;
  return Number(readFileSync(existsSync(current) ? current : `/sys/fs/cgroup/memory/${group}/memory.usage_in_bytes`, "utf8"));
}
