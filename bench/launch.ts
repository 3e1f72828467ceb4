// Owns the figures from `run-instances` to the first ping that the instance answers, and to a login by ssh.

import { spawn } from "node:child_process";
import { DescribeInstancesCommand, RunInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand } from "@aws-sdk/client-ec2";
import { findImage } from "../test/support/nat-network.ts";
import { until } from "../test/support/box.ts";
import { run } from "../test/support/box.ts";
import { figure, type Bench, type Figure, type Part } from "./figure.ts";

const times = 20;
export const launchPart: Part = { about: "run-instances to the first answered ping, and to a login by ssh", measure: measureLaunch };

async function measureLaunch({ guide, note }: Bench): Promise<Figure[]> {
  const bench = await guide();
  const { box, network } = bench;
  const image = await findImage(box, "al2023-ami-*");
  const { GroupId } = await box.ec2.send(new CreateSecurityGroupCommand({ GroupName: "bench", Description: "pings", VpcId: network.vpc }));
  await box.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [{ IpProtocol: "icmp", FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }, { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }));
  const samples: number[] = [], logins: number[] = [];
  for (let i = 0; i < times; i++) {
    if (i % 5 === 0) note(`launch ${i + 1} of ${times} ...`);
    const address = `10.0.1.${100 + i}`;
    const started = performance.now();
    const first = firstAnswer(bench.client, address);
    const { Instances } = await box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, KeyName: "mykeypair", SubnetId: network.privateSubnet, SecurityGroupIds: [GroupId!], PrivateIpAddress: address }));
    await first;
    samples.push(performance.now() - started);
    await login(bench.client, address, network.keyFile);
    logins.push(performance.now() - started);
    const id = Instances![0]!.InstanceId!;
    await until("the launch is over", async () => ((await box.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!.State!.Name === "running" ? true : undefined));
    await box.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await until("it is gone", async () => ((await box.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!.State!.Name === "terminated" ? true : undefined));
  }
  return [figure("run-instances to the first answered ping", "ms", samples, "< 200"), figure("run-instances to a login by ssh", "ms", logins, "< 500")];
}

/** Pings 50 times a second from inside the network, until one is answered. */
function firstAnswer(netns: string, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("nsenter", [`--net=${netns}`, "ping", "-n", "-i", "0.02", "-c", "1500", "-W", "1", address], { stdio: ["ignore", "pipe", "ignore"] });
    let answered = false;
    child.stdout.on("data", (chunk: Buffer) => {
      if (answered || !chunk.includes("bytes from")) return;
      answered = true;
      child.kill("SIGINT");
      resolve();
    });
    child.on("exit", () => { if (!answered) reject(new Error(`${address} never answered`)); });
  });
}

/** As soon as its port is open: sshd comes up a little after the network, and clients that try in vain would take its processor. */
async function login(netns: string, address: string, keyFile: string): Promise<void> {
  const ssh = `until (exec 3<>/dev/tcp/"$2"/22) 2> /dev/null; do sleep 0.01; done; until ssh -F none -i "$1" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o ConnectTimeout=5 ec2-user@"$2" true; do sleep 0.01; done`;
  const result = await run("nsenter", [`--net=${netns}`, "timeout", "30", "bash", "-c", ssh, "bash", keyFile, address]);
  if (result.status !== 0) throw new Error(`no login at ${address}: ${result.stderr.trim().split("\n").at(-1)}`);
}
