// Owns the conversations of an instance's life: start, stop, reboot, terminate, attributes, and what the reconciler writes.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork, type SmallNetwork } from "../../../test/support/memory-context.ts";
import { forgetTerminated, guestExited, instanceFailed, instanceStopped, instanceTerminated } from "../../model/lifecycle.ts";
import { allocateAddress } from "../address/allocate-address.ts";
import { associateAddress } from "../address/associate-address.ts";
import { describeAddresses } from "../address/describe-addresses.ts";
import { describeNetworkInterfaces } from "../network-interface/describe-network-interfaces.ts";
import { describeVolumes } from "../volume/describe-volumes.ts";
import { describeInstanceAttribute } from "./describe-instance-attribute.ts";
import { describeInstanceCreditSpecifications } from "./describe-instance-credit-specifications.ts";
import { describeInstanceStatus } from "./describe-instance-status.ts";
import { describeInstances } from "./describe-instances.ts";
import { getConsoleOutput } from "./get-console-output.ts";
import { modifyInstanceAttribute } from "./modify-instance-attribute.ts";
import { modifyInstanceCreditSpecification } from "./modify-instance-credit-specification.ts";
import { modifyInstanceMetadataOptions } from "./modify-instance-metadata-options.ts";
import { monitorInstances } from "./monitor-instances.ts";
import { rebootInstances } from "./reboot-instances.ts";
import { resetInstanceAttribute } from "./reset-instance-attribute.ts";
import { runInstances } from "./run-instances.ts";
import { startInstances } from "./start-instances.ts";
import { stopInstances } from "./stop-instances.ts";
import { terminateInstances } from "./terminate-instances.ts";
import { unmonitorInstances } from "./unmonitor-instances.ts";

async function launch(n: SmallNetwork, extra: object = {}): Promise<string> {
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, SubnetId: n.publicSubnet, ...extra }, n.ctx);
  return Instances![0]!.InstanceId!;
}
const show = async (n: SmallNetwork, id: string) => (await describeInstances({ InstanceIds: [id] }, n.ctx)).Reservations![0]!.Instances![0]!;
const write = (n: SmallNetwork, fn: Parameters<SmallNetwork["ctx"]["write"]>[0]): void => { n.ctx.write(fn); };

test("stop and start: the given public address changes, the private one stays", async () => {
  const n = smallNetwork();
  const id = await launch(n, { SubnetId: undefined });
  const ids = { InstanceIds: [id] };
  await refused(n.ctx, () => stopInstances(ids, n.ctx), "IncorrectInstanceState", `Instance '${id}' cannot be stopped as it has never reached the 'running' state.`);
  boot(n.ctx, id);
  const before = await show(n, id);
  assert.deepEqual((await stopInstances(ids, n.ctx)).StoppingInstances, [{ InstanceId: id, PreviousState: { Code: 16, Name: "running" }, CurrentState: { Code: 64, Name: "stopping" } }]);
  await refused(n.ctx, () => startInstances(ids, n.ctx), "IncorrectInstanceState", `The instance '${id}' is not in a state from which it can be started.`);
  write(n, (tx) => instanceStopped(tx, id, n.ctx.now()));
  const stopped = await show(n, id);
  assert.deepEqual([stopped.State!.Name, stopped.PublicIpAddress, stopped.PrivateIpAddress], ["stopped", undefined, before.PrivateIpAddress]);
  assert.equal(stopped.StateTransitionReason, "User initiated (2026-11-23 10:00:00 GMT)");
  assert.deepEqual(stopped.StateReason, { Code: "Client.UserInitiatedShutdown", Message: "Client.UserInitiatedShutdown: User initiated shutdown" });
  await refused(n.ctx, () => rebootInstances(ids, n.ctx), "IncorrectInstanceState");
  assert.equal((await startInstances(ids, n.ctx)).StartingInstances![0]!.CurrentState!.Name, "pending");
  boot(n.ctx, id);
  const again = await show(n, id);
  assert.match(again.PublicIpAddress!, /^(203\.0\.113|198\.51\.100)\.\d+$/);
  assert.equal(again.StateReason, undefined);
  assert.equal(n.ctx.snapshot().get("instance", id)!.bootNumber, 2);
  await rebootInstances(ids, n.ctx);
  assert.deepEqual([n.ctx.snapshot().get("instance", id)!.bootNumber, (await show(n, id)).State!.Name], [3, "running"]);
  assert.equal((await startInstances(ids, n.ctx)).StartingInstances![0]!.CurrentState!.Name, "running", "starting one that runs is no error");
});

test("terminate: what was to go goes, what was to stay stays, and an hour later nobody knows it", async () => {
  const n = smallNetwork();
  const id = await launch(n, {
    SubnetId: undefined, NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: n.publicSubnet }, { DeviceIndex: 1, SubnetId: n.publicSubnet, DeleteOnTermination: false }],
    BlockDeviceMappings: [{ DeviceName: "/dev/sdb", Ebs: { VolumeSize: 3, DeleteOnTermination: false } }],
  });
  boot(n.ctx, id);
  const { NetworkInterfaces: [first, second] } = await show(n, id) as Required<Awaited<ReturnType<typeof show>>>;
  const eip = await allocateAddress({ Domain: "vpc" }, n.ctx);
  await associateAddress({ AllocationId: eip.AllocationId, NetworkInterfaceId: first!.NetworkInterfaceId }, n.ctx);
  const ids = { InstanceIds: [id] };
  assert.deepEqual((await terminateInstances(ids, n.ctx)).TerminatingInstances, [{ InstanceId: id, PreviousState: { Code: 16, Name: "running" }, CurrentState: { Code: 32, Name: "shutting-down" } }]);
  write(n, (tx) => instanceTerminated(tx, id, n.ctx.now()));
  const gone = await show(n, id);
  assert.deepEqual([gone.State!.Name, gone.NetworkInterfaces, gone.VpcId, gone.SubnetId, gone.PrivateIpAddress, gone.PrivateDnsName, gone.BlockDeviceMappings, gone.SecurityGroups], ["terminated", [], undefined, undefined, undefined, "", [], []]);
  const left = (await describeNetworkInterfaces({}, n.ctx)).NetworkInterfaces!;
  assert.deepEqual(left.map((e) => [e.NetworkInterfaceId, e.Status, e.Attachment]), [[second!.NetworkInterfaceId, "available", undefined]]);
  assert.deepEqual((await describeVolumes({}, n.ctx)).Volumes!.map((v) => [v.Size, v.State]), [[3, "available"]]);
  assert.equal((await describeAddresses({}, n.ctx)).Addresses![0]!.AssociationId, undefined);
  assert.equal((await terminateInstances(ids, n.ctx)).TerminatingInstances![0]!.CurrentState!.Name, "terminated");
  for (const call of [startInstances, stopInstances, rebootInstances]) await refused(n.ctx, () => call(ids, n.ctx), "IncorrectInstanceState");
  n.ctx.advance(59 * 60_000);
  assert.equal(n.ctx.write((tx) => forgetTerminated(tx, n.ctx.now())), 0);
  n.ctx.advance(60_000);
  assert.equal(n.ctx.write((tx) => forgetTerminated(tx, n.ctx.now())), 1);
  await refused(n.ctx, () => show(n, id), "InvalidInstanceID.NotFound");
});

test("protection from termination and from stopping", async () => {
  const n = smallNetwork();
  const id = await launch(n, { DisableApiTermination: true });
  boot(n.ctx, id);
  const ids = { InstanceIds: [id] };
  await refused(n.ctx, () => terminateInstances(ids, n.ctx), "OperationNotPermitted", `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`);
  await modifyInstanceAttribute({ InstanceId: id, DisableApiTermination: { Value: false } }, n.ctx);
  await modifyInstanceAttribute({ InstanceId: id, DisableApiStop: { Value: true } }, n.ctx);
  await refused(n.ctx, () => stopInstances(ids, n.ctx), "OperationNotPermitted", /may not be stopped/);
  assert.equal((await terminateInstances(ids, n.ctx)).TerminatingInstances!.length, 1);
});

test("all or nothing: one unknown id, and no instance changes", async () => {
  const n = smallNetwork();
  const id = await launch(n);
  boot(n.ctx, id);
  for (const call of [startInstances, stopInstances, rebootInstances, terminateInstances])
    await refused(n.ctx, () => call({ InstanceIds: [id, "i-00000000000000000"] }, n.ctx), "InvalidInstanceID.NotFound", "The instance ID 'i-00000000000000000' does not exist");
  await refused(n.ctx, () => terminateInstances({ InstanceIds: [id, "i-0000000000000000a", "i-0000000000000000b"] }, n.ctx), "InvalidInstanceID.NotFound", "The instance IDs 'i-0000000000000000a, i-0000000000000000b' do not exist");
});

test("shutdown from inside: stops or terminates as the instance says; a guest that cannot boot", async () => {
  const n = smallNetwork();
  const [stops, goes, never, fails] = [await launch(n), await launch(n, { InstanceInitiatedShutdownBehavior: "terminate" }), await launch(n), await launch(n)];
  boot(n.ctx, stops!, goes!, fails!);
  write(n, (tx) => { guestExited(tx, stops!, n.ctx.now()); guestExited(tx, goes!, n.ctx.now()); guestExited(tx, never!, n.ctx.now()); });
  assert.deepEqual([(await show(n, stops!)).State!.Name, (await show(n, stops!)).StateReason!.Code], ["stopped", "Client.InstanceInitiatedShutdown"]);
  assert.equal((await show(n, goes!)).State!.Name, "shutting-down");
  assert.equal((await show(n, never!)).State!.Name, "pending", "one that does not run cannot end");
  write(n, (tx) => { instanceFailed(tx, never!, n.ctx.now(), "no disk"); instanceFailed(tx, fails!, n.ctx.now(), "no disk"); });
  assert.deepEqual([(await show(n, never!)).State!.Name, (await show(n, fails!)).State!.Name], ["shutting-down", "stopping"]);
  assert.match((await show(n, never!)).StateReason!.Message!, /^Server\.InternalError: Internal error on launch: no disk/);
});

test("ModifyInstanceAttribute: the source/destination check, groups, type, user data", async () => {
  const n = smallNetwork();
  const id = await launch(n);
  const eni = (await show(n, id)).NetworkInterfaces![0]!.NetworkInterfaceId!;
  await modifyInstanceAttribute({ InstanceId: id, SourceDestCheck: { Value: false } }, n.ctx);
  assert.equal(n.ctx.snapshot().get("network-interface", eni)!.sourceDestCheck, false);
  assert.deepEqual(await describeInstanceAttribute({ InstanceId: id, Attribute: "sourceDestCheck" }, n.ctx), { InstanceId: id, SourceDestCheck: { Value: false } });
  await resetInstanceAttribute({ InstanceId: id, Attribute: "sourceDestCheck" }, n.ctx);
  assert.equal((await show(n, id)).SourceDestCheck, true);
  await modifyInstanceAttribute({ InstanceId: id, Attribute: "sourceDestCheck", Value: "false" }, n.ctx);
  assert.equal((await show(n, id)).SourceDestCheck, false);
  await modifyInstanceAttribute({ InstanceId: id, Groups: [n.webGroup] }, n.ctx);
  assert.deepEqual((await describeInstanceAttribute({ InstanceId: id, Attribute: "groupSet" }, n.ctx)).Groups, [{ GroupId: n.webGroup, GroupName: "web" }]);
  boot(n.ctx, id);
  const type = { InstanceId: id, InstanceType: { Value: "t3.large" } };
  await refused(n.ctx, () => modifyInstanceAttribute(type, n.ctx), "IncorrectInstanceState", `The instance '${id}' is not in the 'stopped' state.`);
  await refused(n.ctx, () => modifyInstanceAttribute({ InstanceId: id, UserData: { Value: Buffer.from("x") } }, n.ctx), "IncorrectInstanceState");
  await stopInstances({ InstanceIds: [id] }, n.ctx);
  write(n, (tx) => instanceStopped(tx, id, n.ctx.now()));
  await modifyInstanceAttribute(type, n.ctx);
  await modifyInstanceAttribute({ InstanceId: id, UserData: { Value: Buffer.from("#!/bin/sh") } }, n.ctx);
  assert.equal((await show(n, id)).InstanceType, "t3.large");
  assert.deepEqual((await describeInstanceAttribute({ InstanceId: id, Attribute: "userData" }, n.ctx)).UserData, { Value: Buffer.from("#!/bin/sh").toString("base64") });
  await modifyInstanceAttribute({ InstanceId: id, BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: false } }] }, n.ctx);
  assert.equal((await describeInstanceAttribute({ InstanceId: id, Attribute: "blockDeviceMapping" }, n.ctx)).BlockDeviceMappings![0]!.Ebs!.DeleteOnTermination, false);
  const rows: [object, string, RegExp][] = [
    [{ SourceDestCheck: { Value: true }, DisableApiStop: { Value: true } }, "InvalidParameterCombination", /multiple attribute/],
    [{}, "InvalidParameterCombination", /No attributes/],
    [{ InstanceType: { Value: "t9.micro" } }, "InvalidInstanceAttributeValue", /t9/],
    [{ InstanceType: { Value: "t4g.micro" } }, "InvalidInstanceAttributeValue", /t4g/],
    [{ InstanceInitiatedShutdownBehavior: { Value: "burn" } }, "InvalidParameterValue", /burn/],
    [{ Groups: ["sg-00000000000000000"] }, "InvalidGroup.NotFound", /sg-0/],
    [{ Attribute: "colour", Value: "red" }, "InvalidParameterValue", /colour/],
    [{ Kernel: { Value: "aki-1" } }, "UnsupportedOperation", /Kernel/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => modifyInstanceAttribute({ InstanceId: id, ...change }, n.ctx), code, words);
});

test("several interfaces: attributes of the interface want the interface's id", async () => {
  const n = smallNetwork();
  const id = await launch(n, { SubnetId: undefined, NetworkInterfaces: [0, 1].map((DeviceIndex) => ({ DeviceIndex, SubnetId: n.publicSubnet })) });
  await refused(n.ctx, () => modifyInstanceAttribute({ InstanceId: id, SourceDestCheck: { Value: false } }, n.ctx), "InvalidInstanceID",
    `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`);
});

test("status, console output, metadata options, monitoring, credits", async () => {
  const n = smallNetwork();
  const [id, other] = [await launch(n), await launch(n, { InstanceType: "m5.large" })];
  assert.deepEqual((await describeInstanceStatus({}, n.ctx)).InstanceStatuses, []);
  boot(n.ctx, id!);
  const status = (await describeInstanceStatus({}, n.ctx)).InstanceStatuses!;
  assert.deepEqual(status.map((s) => [s.InstanceId, s.InstanceState!.Name, s.InstanceStatus!.Status, s.SystemStatus!.Details![0]!.Status]), [[id, "running", "ok", "passed"]]);
  assert.deepEqual((await describeInstanceStatus({ IncludeAllInstances: true }, n.ctx)).InstanceStatuses!.map((s) => s.InstanceStatus!.Status), ["ok", "initializing"]);
  assert.deepEqual((await describeInstanceStatus({ InstanceIds: [other!] }, n.ctx)).InstanceStatuses, []);
  assert.equal((await getConsoleOutput({ InstanceId: id! }, n.ctx)).Output, undefined);
  n.ctx.console.set(id!, "login:\n");
  assert.equal(Buffer.from((await getConsoleOutput({ InstanceId: id! }, n.ctx)).Output!, "base64").toString(), "login:\n");
  const options = (await modifyInstanceMetadataOptions({ InstanceId: id!, HttpTokens: "optional", HttpPutResponseHopLimit: 3 }, n.ctx)).InstanceMetadataOptions!;
  assert.deepEqual([options.State, options.HttpTokens, options.HttpPutResponseHopLimit], ["pending", "optional", 3]);
  assert.equal((await show(n, id!)).MetadataOptions!.HttpTokens, "optional");
  await refused(n.ctx, () => modifyInstanceMetadataOptions({ InstanceId: id!, HttpPutResponseHopLimit: 0 }, n.ctx), "InvalidParameterValue");
  assert.equal((await monitorInstances({ InstanceIds: [id!] }, n.ctx)).InstanceMonitorings![0]!.Monitoring!.State, "pending");
  assert.equal((await show(n, id!)).Monitoring!.State, "enabled");
  assert.equal((await unmonitorInstances({ InstanceIds: [id!] }, n.ctx)).InstanceMonitorings![0]!.Monitoring!.State, "disabling");
  assert.deepEqual((await describeInstanceCreditSpecifications({}, n.ctx)).InstanceCreditSpecifications, [{ InstanceId: id, CpuCredits: "unlimited" }]);
  const credits = await modifyInstanceCreditSpecification({ InstanceCreditSpecifications: [{ InstanceId: id, CpuCredits: "standard" }, { InstanceId: other, CpuCredits: "standard" }] }, n.ctx);
  assert.deepEqual(credits.SuccessfulInstanceCreditSpecifications, [{ InstanceId: id }]);
  assert.equal(credits.UnsuccessfulInstanceCreditSpecifications!.length, 1);
  await refused(n.ctx, () => describeInstanceCreditSpecifications({ InstanceIds: [other!] }, n.ctx), "InvalidParameterValue");
});
