// Owns DescribeIamInstanceProfileAssociations (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters } from "../describe.ts";
import { paginate, usualLimits } from "../page.ts";
import { associatedInstance, associationFilters, associations, associationView } from "./view.ts";

export const describeIamInstanceProfileAssociations: Ec2Operation<"DescribeIamInstanceProfileAssociations"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const ids = input.AssociationIds ?? [];
  for (const id of ids) associatedInstance(snapshot, ctx.region, id);
  const all = associations(snapshot, ctx.region).filter((i) => ids.length === 0 || ids.includes(i.iamInstanceProfileAssociationId!));
  const page = paginate(applyFilters(all, input.Filters, associationFilters), (i) => i.id, input.MaxResults, input.NextToken, usualLimits, { of: "association", at: (i) => i.index });
  return { IamInstanceProfileAssociations: page.items.map((i) => associationView(i, "associated")), NextToken: page.nextToken };
};
