// Owns the conversations of instance types.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext, refused } from "../../../test/support/memory-context.ts";
import { describeInstanceTypeOfferings } from "./describe-instance-type-offerings.ts";
import { describeInstanceTypes } from "./describe-instance-types.ts";
import { instanceTypes } from "./types.ts";

const ctx = memoryContext();

test("types are told apart by name and have sane figures", () => {
  assert.equal(new Set(instanceTypes.map((t) => t.name)).size, instanceTypes.length);
  for (const t of instanceTypes) assert.ok(t.vcpus >= 1 && t.memoryMiB >= 512 && t.maxInterfaces >= 2 && t.maxAddresses >= 2 && Number.isInteger(t.vcpus / t.threadsPerCore), t.name);
});

test("DescribeInstanceTypes: by name, by filter, by page", async () => {
  const [t3] = (await describeInstanceTypes({ InstanceTypes: ["t3.micro"] }, ctx)).InstanceTypes!;
  assert.deepEqual([t3!.VCpuInfo!.DefaultVCpus, t3!.MemoryInfo!.SizeInMiB, t3!.NetworkInfo!.MaximumNetworkInterfaces, t3!.NetworkInfo!.Ipv4AddressesPerInterface, t3!.BurstablePerformanceSupported, t3!.ProcessorInfo!.SupportedArchitectures],
    [2, 1024, 2, 2, true, ["x86_64"]]);
  const arm = (await describeInstanceTypes({ Filters: [{ Name: "processor-info.supported-architecture", Values: ["arm64"] }, { Name: "instance-type", Values: ["t4g.*"] }] }, ctx)).InstanceTypes!;
  assert.equal(arm.length, 7);
  const seen: string[] = [];
  for (let NextToken: string | undefined; ;) {
    const page: Awaited<ReturnType<typeof describeInstanceTypes>> = await describeInstanceTypes({ MaxResults: 50, NextToken }, ctx);
    seen.push(...page.InstanceTypes!.map((t) => t.InstanceType!));
    if ((NextToken = page.NextToken) === undefined) break;
  }
  assert.deepEqual(seen, instanceTypes.map((t) => t.name));
  await refused(ctx, () => describeInstanceTypes({ InstanceTypes: ["t9.micro" as "t3.micro"] }, ctx), "InvalidInstanceType", "The following supplied instance types do not exist: [t9.micro]");
  await refused(ctx, () => describeInstanceTypes({ MaxResults: 500 }, ctx), "InvalidParameterValue");
});

test("DescribeInstanceTypeOfferings", async () => {
  const zones = await describeInstanceTypeOfferings({ LocationType: "availability-zone", Filters: [{ Name: "instance-type", Values: ["t3.micro"] }] }, ctx);
  assert.deepEqual(zones.InstanceTypeOfferings!.map((o) => o.Location), ["us-east-1a", "us-east-1b", "us-east-1c"]);
  assert.deepEqual((await describeInstanceTypeOfferings({ Filters: [{ Name: "instance-type", Values: ["t3.micro"] }] }, ctx)).InstanceTypeOfferings, [{ InstanceType: "t3.micro", LocationType: "region", Location: "us-east-1" }]);
});
