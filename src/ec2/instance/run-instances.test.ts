// Owns the conversations of RunInstances and DescribeInstances: what is made, what is refused and in which words.

import { test } from "node:test";
import assert from "node:assert/strict";
import { boot, refused, smallNetwork } from "../../../test/support/memory-context.ts";
import { createNetworkInterface } from "../network-interface/create-network-interface.ts";
import { describeNetworkInterfaces } from "../network-interface/describe-network-interfaces.ts";
import { importKeyPair } from "../key-pair/import-key-pair.ts";
import { describeVolumes } from "../volume/describe-volumes.ts";
import { describeInstances } from "./describe-instances.ts";
import { runInstances } from "./run-instances.ts";

const one = { MinCount: 1, MaxCount: 1, InstanceType: "t3.micro" } as const;

test("the answer, and DescribeInstances once it runs", async () => {
  const n = smallNetwork();
  const answer = await runInstances({
    ...one, ImageId: n.image, SubnetId: n.publicSubnet, SecurityGroupIds: [n.webGroup], PrivateIpAddress: "10.0.0.10", ClientToken: "token",
    UserData: Buffer.from("#!/bin/sh\n").toString("base64"),
    TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "nat" }] }, { ResourceType: "volume", Tags: [{ Key: "disk", Value: "1" }] }],
  }, n.ctx);
  const [instance] = answer.Instances!;
  assert.match(answer.ReservationId!, /^r-0[0-9a-f]{16}$/);
  assert.match(instance!.InstanceId!, /^i-0[0-9a-f]{16}$/);
  assert.deepEqual(instance!.State, { Code: 0, Name: "pending" });
  assert.deepEqual(instance!.StateReason, { Code: "pending", Message: "pending" });
  assert.equal(instance!.NetworkInterfaces![0]!.Attachment!.Status, "attaching");
  boot(n.ctx, instance!.InstanceId!);
  const { Reservations } = await describeInstances({ InstanceIds: [instance!.InstanceId!] }, n.ctx);
  const running = Reservations![0]!.Instances![0]!;
  assert.deepEqual(running.State, { Code: 16, Name: "running" });
  assert.equal(running.StateReason, undefined);
  const [eni] = running.NetworkInterfaces!;
  assert.match(eni!.MacAddress!, /^02(:[0-9a-f]{2}){5}$/);
  assert.deepEqual(
    [running.PrivateIpAddress, running.PrivateDnsName, running.PublicIpAddress, running.PublicDnsName, running.SubnetId, running.VpcId, running.SourceDestCheck, running.ClientToken, running.Tags, running.SecurityGroups],
    ["10.0.0.10", "ip-10-0-0-10.ec2.internal", undefined, "", n.publicSubnet, n.vpc, true, "token", [{ Key: "Name", Value: "nat" }], [{ GroupId: n.webGroup, GroupName: "web" }]]);
  assert.deepEqual([eni!.Attachment!.Status, eni!.Attachment!.DeleteOnTermination, eni!.Attachment!.DeviceIndex, eni!.Status], ["attached", true, 0, "in-use"]);
  const volumes = await describeVolumes({ Filters: [{ Name: "attachment.instance-id", Values: [running.InstanceId!] }] }, n.ctx);
  assert.deepEqual(volumes.Volumes!.map((v) => [v.Size, v.State, v.Tags, v.Attachments![0]!.Device]), [[8, "in-use", [{ Key: "disk", Value: "1" }], "/dev/xvda"]]);
  assert.equal(running.BlockDeviceMappings![0]!.Ebs!.VolumeId, volumes.Volumes![0]!.VolumeId);
});

test("public addresses: by the subnet, by the call, by neither", async () => {
  const n = smallNetwork();
  const publicIp = async (extra: object): Promise<string | undefined> => (await runInstances({ ...one, ImageId: n.image, ...extra }, n.ctx)).Instances![0]!.PublicIpAddress;
  const inDefault = await publicIp({});
  assert.match(inDefault!, /^(203\.0\.113|198\.51\.100)\.\d+$/);
  assert.equal(await publicIp({ SubnetId: n.publicSubnet }), undefined);
  const asked = await publicIp({ NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: n.publicSubnet, AssociatePublicIpAddress: true, Groups: [n.webGroup] }] });
  assert.match(asked!, /^(203\.0\.113|198\.51\.100)\.\d+$/);
  assert.notEqual(asked, inDefault);
  const { NetworkInterfaces } = await describeNetworkInterfaces({ Filters: [{ Name: "association.public-ip", Values: [asked!] }] }, n.ctx);
  assert.deepEqual([NetworkInterfaces!.length, NetworkInterfaces![0]!.Association!.IpOwnerId, NetworkInterfaces![0]!.VpcId], [1, "amazon", n.vpc]);
  assert.equal(await publicIp({ NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }] }), undefined, "the default subnet, but refused");
  const named = (await describeInstances({ Filters: [{ Name: "ip-address", Values: [inDefault!] }] }, n.ctx)).Reservations![0]!.Instances![0]!;
  assert.equal(named.PublicDnsName, `ec2-${inDefault!.replaceAll(".", "-")}.compute-1.amazonaws.com`);
});

test("several interfaces: new and existing ones, secondary addresses, groups of their own", async () => {
  const n = smallNetwork();
  const { NetworkInterface: own } = await createNetworkInterface({ SubnetId: n.privateSubnet, Description: "mine" }, n.ctx);
  const answer = await runInstances({
    ...one, ImageId: n.image,
    NetworkInterfaces: [
      { DeviceIndex: 1, NetworkInterfaceId: own!.NetworkInterfaceId },
      { DeviceIndex: 0, SubnetId: n.publicSubnet, PrivateIpAddresses: [{ PrivateIpAddress: "10.0.0.20", Primary: true }, { PrivateIpAddress: "10.0.0.21" }], Groups: [n.webGroup], DeleteOnTermination: false },
    ],
  }, n.ctx);
  const interfaces = answer.Instances![0]!.NetworkInterfaces!;
  assert.deepEqual(interfaces.map((i) => [i.Attachment!.DeviceIndex, i.Attachment!.DeleteOnTermination, i.SubnetId]), [[0, false, n.publicSubnet], [1, false, n.privateSubnet]]);
  assert.deepEqual(interfaces[0]!.PrivateIpAddresses!.map((a) => [a.PrivateIpAddress, a.Primary]), [["10.0.0.20", true], ["10.0.0.21", false]]);
  assert.deepEqual([interfaces[1]!.NetworkInterfaceId, interfaces[1]!.Description, interfaces[1]!.Groups], [own!.NetworkInterfaceId, "mine", [{ GroupId: n.defaultGroup, GroupName: "default" }]]);
  const again = { ...one, ImageId: n.image, NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: own!.NetworkInterfaceId }] };
  await refused(n.ctx, () => runInstances(again, n.ctx), "InvalidNetworkInterface.InUse", `Interface: [${own!.NetworkInterfaceId}] in use.`);
  const free = (await createNetworkInterface({ SubnetId: n.publicSubnet }, n.ctx)).NetworkInterface!.NetworkInterfaceId;
  const twice = [0, 1].map((DeviceIndex) => ({ DeviceIndex, NetworkInterfaceId: free }));
  await refused(n.ctx, () => runInstances({ ...one, ImageId: n.image, NetworkInterfaces: twice }, n.ctx), "InvalidParameterCombination", /more than once/);
  const three = [0, 1, 2].map((DeviceIndex) => ({ DeviceIndex, SubnetId: n.publicSubnet }));
  await refused(n.ctx, () => runInstances({ ...one, ImageId: n.image, NetworkInterfaces: three }, n.ctx), "AttachmentLimitExceeded", "Interface count 3 exceeds the limit for t3.micro");
});

test("refusals of RunInstances, and nothing is left of them", async () => {
  const n = smallNetwork();
  const group = n.ctx.snapshot().list("security-group").find((g) => g.vpcId !== n.vpc)!.id;
  const good = { ...one, ImageId: n.image, SubnetId: n.publicSubnet };
  await runInstances({ ...good, PrivateIpAddress: "10.0.0.9" }, n.ctx);
  const rows: [object, string, RegExp | string][] = [
    [{ ImageId: "ami-00000000000000000" }, "InvalidAMIID.NotFound", "The image id '[ami-00000000000000000]' does not exist"],
    [{ ImageId: "ami-zz" }, "InvalidAMIID.Malformed", /ami-zz/],
    [{ ImageId: undefined }, "MissingParameter", /ImageId/],
    [{ InstanceType: "t9.micro" }, "InvalidParameterValue", "Invalid value 't9.micro' for InstanceType."],
    [{ InstanceType: "t4g.micro" }, "InvalidParameterValue", /^The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the specified AMI\./],
    [{ KeyName: "nobody" }, "InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"],
    [{ SubnetId: "subnet-00000000000000000" }, "InvalidSubnetID.NotFound", /does not exist/],
    [{ SecurityGroupIds: ["sg-00000000000000000"] }, "InvalidGroup.NotFound", /sg-0/],
    [{ SecurityGroupIds: [group] }, "InvalidParameter", `Security group ${group} and subnet ${n.publicSubnet} belong to different networks.`],
    [{ SecurityGroups: ["web"] }, "InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet"],
    [{ PrivateIpAddress: "10.0.0.9" }, "InvalidIPAddress.InUse", "Address 10.0.0.9 is in use."],
    [{ PrivateIpAddress: "10.0.0.3" }, "InvalidParameterValue", "Address 10.0.0.3 is in subnet's reserved address range"],
    [{ PrivateIpAddress: "10.0.0.255" }, "InvalidParameterValue", /reserved/],
    [{ PrivateIpAddress: "10.0.1.9" }, "InvalidParameterValue", "Address 10.0.1.9 does not fall within the subnet's address range"],
    [{ PrivateIpAddress: "10.0.0.10", MaxCount: 2 }, "InvalidParameterCombination", /private IP address/],
    [{ MinCount: 2, MaxCount: 1 }, "InvalidParameterValue", /minCount/],
    [{ MinCount: 0 }, "InvalidParameterValue", /minCount/],
    [{ SubnetId: n.privateSubnet, MinCount: 12, MaxCount: 12 }, "InsufficientFreeAddressesInSubnet", /not enough free addresses/],
    [{ UserData: Buffer.alloc(16385).toString("base64") }, "InvalidParameterValue", "User data is limited to 16384 bytes"],
    [{ UserData: "not base64!" }, "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data"],
    [{ IamInstanceProfile: { Name: "web" } }, "InvalidParameterValue", "Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"],
    [{ NetworkInterfaces: [{ DeviceIndex: 0 }] }, "InvalidParameterCombination", "Network interfaces and an instance-level subnet ID may not be specified on the same request"],
    [{ SubnetId: undefined, NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: true }, { DeviceIndex: 1 }] }, "InvalidParameterCombination", /associatePublicIpAddress/],
    [{ SubnetId: undefined, NetworkInterfaces: [{ DeviceIndex: 1, SubnetId: n.publicSubnet }] }, "InvalidParameterCombination", /index 0/],
    [{ SubnetId: undefined, SecurityGroups: ["nope"] }, "InvalidGroup.NotFound", /'nope'/],
    [{ SubnetId: undefined, Placement: { AvailabilityZone: "us-east-1z" } }, "MissingInput", /us-east-1z/],
    [{ BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 4 } }] }, "InvalidBlockDeviceMapping", /is smaller than snapshot/],
    [{ TagSpecifications: [{ ResourceType: "vpc", Tags: [] }] }, "InvalidParameterValue", /'vpc' is not a valid taggable resource type/],
    [{ MetadataOptions: { HttpPutResponseHopLimit: 65 } }, "InvalidParameterValue", /HopLimit/],
    [{ CreditSpecification: { CpuCredits: "unlimited" }, InstanceType: "m5.large" }, "InvalidParameterCombination", /credit/],
    [{ InstanceMarketOptions: { MarketType: "spot" } }, "UnsupportedOperation", /InstanceMarketOptions/],
    [{ Ipv6AddressCount: 1 }, "UnsupportedOperation", /Ipv6AddressCount/],
  ];
  for (const [change, code, words] of rows) await refused(n.ctx, () => runInstances({ ...good, ...change }, n.ctx), code, words);
});

test("quotas: vCPUs", async () => {
  const n = smallNetwork({ quotas: { "vcpus-per-region": 5 } });
  const good = { ...one, ImageId: n.image, SubnetId: n.publicSubnet };
  assert.equal((await runInstances({ ...good, MaxCount: 9 }, n.ctx)).Instances!.length, 2, "as many as fit");
  await refused(n.ctx, () => runInstances(good, n.ctx), "VcpuLimitExceeded", /current vCPU limit of 5/);
});

test("as many as the subnet has room for, each with an address of its own", async () => {
  const n = smallNetwork();
  const { Instances } = await runInstances({ ...one, ImageId: n.image, SubnetId: n.privateSubnet, MaxCount: 50 }, n.ctx);
  assert.equal(Instances!.length, 11);
  assert.deepEqual(new Set(Instances!.map((i) => i.PrivateIpAddress)).size, 11);
  assert.deepEqual(Instances!.map((i) => i.AmiLaunchIndex), [...Array(11).keys()]);
});

test("DescribeInstances: reservations, filters, paging, unknown ids", async () => {
  const n = smallNetwork();
  await importKeyPair({ KeyName: "k", PublicKeyMaterial: Buffer.from("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBWHRaIlEXM6X6Trwp8AzbGhvIvvuTkJpQmRzW1gPNNR me") }, n.ctx);
  const first = await runInstances({ ...one, MaxCount: 4, ImageId: n.image, SubnetId: n.publicSubnet, TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "role", Value: "web" }] }] }, n.ctx);
  const second = await runInstances({ ...one, MaxCount: 3, ImageId: n.image, KeyName: "k", Monitoring: { Enabled: true } }, n.ctx);
  boot(n.ctx, second.Instances![0]!.InstanceId!);
  assert.match(n.ctx.snapshot().get("instance", second.Instances![0]!.InstanceId!)!.publicKey!, /^ssh-ed25519 AAAA/);
  const count = async (Name: string, ...Values: string[]): Promise<number> =>
    (await describeInstances({ Filters: [{ Name, Values }] }, n.ctx)).Reservations!.flatMap((r) => r.Instances!).length;
  assert.equal((await describeInstances({}, n.ctx)).Reservations!.length, 2);
  const rows: [string, string[], number][] = [
    ["instance-state-name", ["running"], 1], ["instance-state-name", ["pending", "running"], 7], ["tag:role", ["w*"], 4], ["tag-key", ["role"], 4], ["key-name", ["k"], 3],
    ["vpc-id", [n.vpc], 4], ["subnet-id", [n.publicSubnet], 4], ["reservation-id", [second.ReservationId!], 3], ["launch-index", ["0"], 2], ["monitoring-state", ["enabled"], 3],
    ["network-interface.subnet-id", [n.publicSubnet], 4], ["instance.group-name", ["default"], 7], ["private-ip-address", [first.Instances![0]!.PrivateIpAddress!], 1],
    ["instance-type", ["t3.*"], 7], ["architecture", ["arm64"], 0], ["platform", ["windows"], 0], ["network-interface.attachment.status", ["attached"], 1], ["launch-time", ["2026-11-23T*"], 7],
    ["block-device-mapping.device-name", ["/dev/xvda"], 7], ["source-dest-check", ["true"], 7], ["availability-zone", ["us-east-1a"], 7],
  ];
  for (const [name, values, want] of rows) assert.equal(await count(name, ...values), want, name);
  await refused(n.ctx, () => count("instance-colour", "red"), "InvalidParameterValue", "The filter 'instance-colour' is invalid");
  await refused(n.ctx, () => describeInstances({ InstanceIds: ["i-00000000000000000"] }, n.ctx), "InvalidInstanceID.NotFound", "The instance ID 'i-00000000000000000' does not exist");
  await refused(n.ctx, () => describeInstances({ InstanceIds: ["i-x"] }, n.ctx), "InvalidInstanceID.Malformed");
  const page = await describeInstances({ MaxResults: 5 }, n.ctx);
  const rest = await describeInstances({ MaxResults: 5, NextToken: page.NextToken }, n.ctx);
  const ids = [page, rest].flatMap((p) => p.Reservations!.flatMap((r) => r.Instances!.map((i) => i.InstanceId)));
  assert.deepEqual(ids, [...first.Instances!, ...second.Instances!].map((i) => i.InstanceId));
  assert.equal(rest.NextToken, undefined);
});

test("what the machine cannot hold is refused: a type of more memory than it has, and more instances than it has room for", async () => {
  const n = smallNetwork({ capacity: { memoryMiB: 3900, roomForInstances: 3 } });
  const run = (InstanceType: string, MinCount = 1, MaxCount = MinCount) => runInstances({ ImageId: n.image, InstanceType: InstanceType as "t3.micro", MinCount, MaxCount, SubnetId: n.privateSubnet }, n.ctx);
  await refused(n.ctx, () => run("m5.large"), "InsufficientInstanceCapacity", /^We currently do not have sufficient m5\.large capacity in the Availability Zone you requested \(us-east-1a\)/);
  await refused(n.ctx, () => run("t3.micro", 4), "InsufficientInstanceCapacity");
  assert.equal((await run("t3.medium")).Instances!.length, 1, "4 GiB, as the machine was sold");
  assert.equal((await run("t3.micro", 1, 5)).Instances!.length, 3, "as many as fit");
});
