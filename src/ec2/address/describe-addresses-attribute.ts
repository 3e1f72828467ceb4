// Owns DescribeAddressesAttribute (EC2 API reference): the only attribute is a reverse DNS name; an address without one is left out.

import type { Ec2Operation } from "../../wire/operation.ts";
import { paginate } from "../page.ts";
import { find } from "../resource.ts";
import { addressAttributeView } from "./view.ts";

export const describeAddressesAttribute: Ec2Operation<"DescribeAddressesAttribute"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const ids = input.AllocationIds ?? [];
  for (const id of ids) find(snapshot, "elastic-ip", id, ctx.region);
  const named = snapshot.list("elastic-ip", ctx.region).filter((a) => a.ptrRecord !== undefined && (ids.length === 0 || ids.includes(a.id)));
  const page = paginate(named, (a) => a.id, input.MaxResults, input.NextToken, { min: 1, max: 1000 }, { of: "elastic-ip", at: (a) => a.index });
  return { Addresses: page.items.map(addressAttributeView), NextToken: page.nextToken };
};
