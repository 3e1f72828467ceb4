// Owns DescribeInstanceAttribute (EC2 API reference): one attribute a call.

import type * as ec2 from "@aws-sdk/client-ec2";
import { attachedInterfaces } from "../../model/lifecycle.ts";
import { join, type Joins } from "../../model/joins.ts";
import type { Instance } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { groupViews } from "../network-interface/view.ts";
import { find } from "../resource.ts";
import { rootDevice } from "../volume/block-devices.ts";
import { onlyInterface } from "./modify-instance-attribute.ts";
import { blockDeviceView } from "./view.ts";

const attributes: Readonly<Record<string, (i: Instance, joins: Joins) => ec2.InstanceAttribute>> = {
  instanceType: (i) => ({ InstanceType: { Value: i.instanceType } }),
  kernel: () => ({ KernelId: {} }),
  ramdisk: () => ({ RamdiskId: {} }),
  userData: (i) => ({ UserData: { Value: i.userData } }),
  disableApiTermination: (i) => ({ DisableApiTermination: { Value: i.disableApiTermination } }),
  disableApiStop: (i) => ({ DisableApiStop: { Value: i.disableApiStop } }),
  instanceInitiatedShutdownBehavior: (i) => ({ InstanceInitiatedShutdownBehavior: { Value: i.shutdownBehavior } }),
  rootDeviceName: () => ({ RootDeviceName: { Value: rootDevice } }),
  blockDeviceMapping: (i, joins) => ({ BlockDeviceMappings: joins.volumesOf(i.id).map(blockDeviceView) }),
  productCodes: () => ({ ProductCodes: [] }),
  sourceDestCheck: (i, joins) => ({ SourceDestCheck: { Value: onlyInterface(joins.snapshot, i).sourceDestCheck } }),
  groupSet: (i, joins) => ({ Groups: groupViews(joins, attachedInterfaces(joins.snapshot, i.id)[0]?.groupIds ?? []) }),
  ebsOptimized: (i) => ({ EbsOptimized: { Value: i.ebsOptimized } }),
  sriovNetSupport: () => ({ SriovNetSupport: { Value: "simple" } }),
  enaSupport: () => ({ EnaSupport: { Value: true } }),
  enclaveOptions: () => ({ EnclaveOptions: { Enabled: false } }),
};

export const describeInstanceAttribute: Ec2Operation<"DescribeInstanceAttribute"> = (input, ctx) => {
  const joins = join(ctx.snapshot());
  const name = input.Attribute ?? "";
  if (!Object.hasOwn(attributes, name)) throw new Ec2Error("InvalidParameterValue", `Value (${name}) for parameter attribute is invalid. Unknown attribute.`);
  const instance = find(joins.snapshot, "instance", input.InstanceId, ctx.region);
  return { InstanceId: instance.id, ...attributes[name]!(instance, joins) };
};
