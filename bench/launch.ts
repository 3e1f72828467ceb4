// Owns the figures from `run-instances` to the first ping that the instance answers, and to a login by ssh.

import { spawn } from "node:child_process";
import { DescribeInstancesCommand, RunInstancesCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand } from "@aws-sdk/client-ec2";
import { findImage } from "../test/support/nat-network.ts";
import { until } from "../test/support/box.ts";
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
    const address = `10.0.0.${100 + i}`;
    const login = waitForLogin(bench.laptop, network.keyFile);
    const started = performance.now();
    const first = firstAnswer(bench.client, address);
    const { Instances } = await box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, KeyName: "mykeypair",
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: network.publicSubnet, Groups: [GroupId!], PrivateIpAddress: address, AssociatePublicIpAddress: true }] }));
    const id = Instances![0]!.InstanceId!;
    const publicAddress = box.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] })).then(({ Reservations }) => Reservations![0]!.Instances![0]!.PublicIpAddress!);
    await first;
    samples.push(performance.now() - started);
    login.begin(await publicAddress);
    await login.done;
    logins.push(performance.now() - started);
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

/**
 * From the laptop through the internet gateway, by one shell that is there before: it asks whether the port is open, 200 times a second, and starts
 * nothing until it is, for what asks takes the guest's processor. It begins when the instance answers: a connection that nobody refuses is asked for
 * again after a second.
 */
function waitForLogin(netns: string, keyFile: string): { begin(address: string): void; readonly done: Promise<void> } {
  const script = `exec 9<> <(:); read -r address || exit; until { : 3<>/dev/tcp/"$address"/22; } 2> /dev/null; do read -rt 0.005 -u 9; done
    until ssh -F none -i "$1" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o ConnectTimeout=5 ec2-user@"$address" true; do read -rt 0.01 -u 9; done`;
  const child = spawn("nsenter", [`--net=${netns}`, "timeout", "30", "bash", "-c", script, "bash", keyFile], { stdio: ["pipe", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => { stderr += chunk; });
  const done = new Promise<void>((resolve, reject) => child.on("exit", (status) => {
    if (status === 0) resolve();
    else reject(new Error(`no login: ${stderr.trim().split("\n").at(-1)}`));
  }));
  return { begin: (address) => child.stdin.end(`${address}\n`), done };
}
