// Owns an instance's life as its user sees it: stop, start, reboot, shutdown from inside, a sudden death, termination; what stays and
// what goes each time.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Box, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage } from "../support/nat-network.ts";

interface Instance {
  readonly InstanceId: string; readonly PrivateIpAddress: string; readonly PublicIpAddress?: string; readonly State: { readonly Name: string };
  readonly StateReason?: { readonly Code: string }; readonly BlockDeviceMappings: { readonly Ebs: { readonly VolumeId: string } }[];
}
const box = new Box();
let image: string;
let first: Instance;

before(async () => {
  await box.up();
  image = await findImage(box, "al2023-ami-*");
  const { SecurityGroups } = await box.aws<{ SecurityGroups: { GroupId: string }[] }>("ec2", "describe-security-groups");
  await box.aws("ec2", "authorize-security-group-ingress", "--group-id", SecurityGroups[0]!.GroupId, "--protocol", "icmp", "--port", "-1", "--cidr", "0.0.0.0/0");
  first = await launch();
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const describe = async (id: string): Promise<Instance> => (await box.aws<{ Reservations: { Instances: Instance[] }[] }>("ec2", "describe-instances", "--instance-ids", id)).Reservations[0]!.Instances[0]!;
const becomes = (id: string, state: string): Promise<Instance> => until(`${id} ${state}`, async () => { const now = await describe(id); return now.State.Name === state ? now : undefined; });
async function launch(...more: string[]): Promise<Instance> {
  const { Instances } = await box.aws<{ Instances: Instance[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", ...more);
  assert.equal(Instances[0]!.State.Name, "pending");
  return becomes(Instances[0]!.InstanceId, "running");
}
const shell = (id: string, command: string): Promise<string> => box.exec(id, "sh", "-c", command).then((r) => r.stdout.trim());
const pinged = async (address: string): Promise<boolean> => (await box.laptop("ping", "-c", "1", "-W", "1", address)).status === 0;
async function stopAndStart(id: string): Promise<{ stopped: Instance; started: Instance }> {
  const { StoppingInstances } = await box.aws<{ StoppingInstances: { CurrentState: { Name: string }; PreviousState: { Name: string } }[] }>("ec2", "stop-instances", "--instance-ids", id);
  assert.deepEqual([StoppingInstances[0]!.PreviousState.Name, StoppingInstances[0]!.CurrentState.Name], ["running", "stopping"]);
  const stopped = await becomes(id, "stopped");
  await box.aws("ec2", "start-instances", "--instance-ids", id);
  return { stopped, started: await becomes(id, "running") };
}

test("stop and start keep disk and private address; the public address is another; what is in memory is gone", async () => {
  const id = first.InstanceId, old = first.PublicIpAddress!;
  assert.ok(await pinged(old));
  await shell(id, "echo kept > /root/kept; echo gone > /run/gone; sysctl -qw net.ipv4.ip_forward=1");
  let { stopped, started } = await stopAndStart(id);
  assert.equal(stopped.PublicIpAddress, undefined);
  assert.equal(stopped.StateReason?.Code, "Client.UserInitiatedShutdown");
  for (let i = 0; i < 2 && started.PublicIpAddress === old; i++) ({ stopped, started } = await stopAndStart(id)); // one of 508, at random
  assert.notEqual(started.PublicIpAddress, old);
  assert.ok(await pinged(started.PublicIpAddress!));
  assert.equal(await pinged(old), false);
  assert.equal(started.PrivateIpAddress, first.PrivateIpAddress);
  assert.equal(await shell(id, "cat /root/kept; ls /run/gone 2>&1 | grep -c 'No such'; cat /proc/sys/net/ipv4/ip_forward; hostname -I"), `kept\n1\n0\n${first.PrivateIpAddress}`);
});

test("an Elastic IP stays with a stopped instance and is its when it runs again", async () => {
  const { AllocationId, PublicIp } = await box.aws<{ AllocationId: string; PublicIp: string }>("ec2", "allocate-address", "--domain", "vpc");
  await box.aws("ec2", "associate-address", "--allocation-id", AllocationId, "--instance-id", first.InstanceId);
  const { stopped, started } = await stopAndStart(first.InstanceId);
  assert.deepEqual([stopped.PublicIpAddress, started.PublicIpAddress], [PublicIp, PublicIp]);
  assert.ok(await pinged(PublicIp));
  assert.equal(await shell(first.InstanceId, "curl -s http://checkip.amazonaws.com"), PublicIp);
});

test("a reboot, from outside and from inside: the same machine, booted anew", async () => {
  const id = first.InstanceId;
  for (const reboot of [() => box.aws("ec2", "reboot-instances", "--instance-ids", id), () => box.exec(id, "sudo", "reboot")]) {
    await shell(id, "echo x > /run/before; echo y > /tmp/before; echo disk > /root/disk; sysctl -qw net.ipv4.ip_forward=1; iptables -t nat -A POSTROUTING -j MASQUERADE");
    await reboot();
    await until("it boots again", async () => ((await shell(id, "systemctl is-active sshd; ls /run/before /tmp/before 2>&1 | grep -c 'No such'")) === "active\n2" ? true : undefined));
    assert.equal(await shell(id, "cat /root/disk /proc/sys/net/ipv4/ip_forward; iptables-save -t nat | grep -c MASQ"), "disk\n0\n0");
    assert.equal((await describe(id)).State.Name, "running");
  }
});

test("shutdown from inside stops it, or terminates it where it is told to", async () => {
  const [stays, goes] = await Promise.all([launch(), launch("--instance-initiated-shutdown-behavior", "terminate")]);
  await Promise.all([box.exec(stays.InstanceId, "sh", "-c", "echo kept > /root/kept; sudo shutdown -h now"), box.exec(goes.InstanceId, "poweroff")]);
  const stopped = await becomes(stays.InstanceId, "stopped");
  assert.equal(stopped.StateReason?.Code, "Client.InstanceInitiatedShutdown");
  assert.equal((await becomes(goes.InstanceId, "terminated")).StateReason?.Code, "Client.InstanceInitiatedShutdown");
  assert.match((await box.awsRaw("ec2", "describe-volumes", "--volume-ids", goes.BlockDeviceMappings[0]!.Ebs.VolumeId)).stderr, /InvalidVolume\.NotFound/);
  await box.aws("ec2", "modify-instance-attribute", "--instance-id", stays.InstanceId, "--instance-initiated-shutdown-behavior", "terminate");
  await box.aws("ec2", "start-instances", "--instance-ids", stays.InstanceId);
  await becomes(stays.InstanceId, "running");
  assert.equal(await shell(stays.InstanceId, "cat /root/kept"), "kept");
  await box.exec(stays.InstanceId, "halt");
  await becomes(stays.InstanceId, "terminated");
});

test("one that dies shows it, keeps its disk, and starts again", async () => {
  const doomed = await launch("--instance-initiated-shutdown-behavior", "terminate", "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=doomed}]");
  await shell(doomed.InstanceId, "echo kept > /root/kept; sync");
  const { init_process_pid: pid } = JSON.parse(readFileSync(`/run/vpcbox/${box.name}/runc/${doomed.InstanceId}/state.json`, "utf8")) as { init_process_pid: number };
  process.kill(pid, "SIGKILL");
  const dead = await becomes(doomed.InstanceId, "stopped");
  assert.equal(dead.StateReason?.Code, "Server.InternalError");
  assert.match((await box.vpcbox("status")).stdout, /^instances: .*1 stopped/m);
  assert.match((await box.exec("doomed", "true")).stderr, /^vpcbox: i-[0-9a-f]+ is stopped; start it first\n$/);
  await box.aws("ec2", "start-instances", "--instance-ids", doomed.InstanceId);
  await becomes(doomed.InstanceId, "running");
  assert.equal(await shell(doomed.InstanceId, "cat /root/kept"), "kept");
});

test("a volume that was made larger is the instance's disk from its next boot on, with what was on it", async () => {
  const { InstanceId: id, BlockDeviceMappings: [root] } = await launch();
  const size = (): Promise<number> => shell(id, "df -BG --output=size / | tail -n 1 | tr -dc 0-9").then(Number);
  await shell(id, "head -c 5000000 /dev/urandom > /root/blob; md5sum /root/blob > /root/sum");
  assert.equal(await size(), 8);
  await box.aws("ec2", "modify-volume", "--volume-id", root!.Ebs.VolumeId, "--size", "30");
  assert.equal(await size(), 8, "as on AWS until its file system grows");
  await box.aws("ec2", "reboot-instances", "--instance-ids", id);
  await until("it boots with a larger disk", async () => ((await size()) >= 29 ? true : undefined));
  assert.equal(await shell(id, "md5sum -c /root/sum; fallocate -l 12G /root/more && echo room"), "/root/blob: OK\nroom");
  const { VolumesModifications: [told] } = await box.aws<{ VolumesModifications: { OriginalSize: number; TargetSize: number; ModificationState: string }[] }>("ec2", "describe-volumes-modifications");
  assert.deepEqual([told!.OriginalSize, told!.TargetSize, told!.ModificationState], [8, 30, "completed"]);
  assert.match((await box.awsRaw("ec2", "modify-volume", "--volume-id", root!.Ebs.VolumeId, "--size", "9")).stderr, /InvalidParameterValue.*New size cannot be smaller than existing size/);
  await box.aws("ec2", "terminate-instances", "--instance-ids", id);
});

test("protected ones are not terminated; terminated ones are gone and stay listed", async () => {
  const id = first.InstanceId;
  await box.aws("ec2", "modify-instance-attribute", "--instance-id", id, "--disable-api-termination");
  assert.match((await box.awsRaw("ec2", "terminate-instances", "--instance-ids", id)).stderr, /OperationNotPermitted/);
  assert.equal((await describe(id)).State.Name, "running");
  await box.aws("ec2", "modify-instance-attribute", "--instance-id", id, "--no-disable-api-termination");
  const [a, b] = await Promise.all([box.awsRaw("ec2", "terminate-instances", "--instance-ids", id), box.awsRaw("ec2", "terminate-instances", "--instance-ids", id)]);
  assert.deepEqual([a.status, b.status], [0, 0], a.stderr + b.stderr);
  await becomes(id, "terminated");
  assert.match((await box.awsRaw("ec2", "start-instances", "--instance-ids", id)).stderr, /IncorrectInstanceState/);
  assert.match((await box.exec(id, "true")).stderr, /is terminated/);
});
