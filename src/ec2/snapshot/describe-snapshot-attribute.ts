// Owns DescribeSnapshotAttribute (EC2 API reference): one attribute a call. Only amazon's snapshots are open to others.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { VolumeSnapshot } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";

const attributes: Readonly<Record<string, (snapshot: VolumeSnapshot) => ec2.DescribeSnapshotAttributeResult>> = {
  createVolumePermission: () => ({ CreateVolumePermissions: [] }),
  productCodes: () => ({ ProductCodes: [] }),
};

export const describeSnapshotAttribute: Ec2Operation<"DescribeSnapshotAttribute"> = (input, ctx) => {
  const snapshot = find(ctx.snapshot(), "snapshot", input.SnapshotId, ctx.region);
  const name = input.Attribute ?? "";
  if (!Object.hasOwn(attributes, name)) throw new Ec2Error("InvalidParameterValue", `Value (${name}) for parameter attribute is invalid. Unknown attribute.`);
  if (snapshot.ownerId !== ctx.accountId) throw new Ec2Error("AuthFailure", `Not authorized for snapshot: ${snapshot.id}`, 403);
  return { SnapshotId: snapshot.id, ...attributes[name]!(snapshot) };
};
