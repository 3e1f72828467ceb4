// Owns DescribeInstanceTypes (EC2 API reference): pages of up to 100.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters } from "../describe.ts";
import { paginate } from "../page.ts";
import { instanceTypeNamed, instanceTypes } from "./types.ts";
import { instanceTypeFilters, instanceTypeView } from "./view.ts";

export const describeInstanceTypes: Ec2Operation<"DescribeInstanceTypes"> = (input, _ctx) => {
  const names = input.InstanceTypes ?? [];
  const unknown = names.filter((name) => !instanceTypeNamed(name));
  if (unknown.length > 0) throw new Ec2Error("InvalidInstanceType", `The following supplied instance types do not exist: [${unknown.join(", ")}]`);
  if (names.length > 0 && input.MaxResults !== undefined) throw new Ec2Error("InvalidParameterCombination", "The parameter instanceTypes cannot be used with the parameter maxResults.");
  const named = names.length === 0 ? instanceTypes : instanceTypes.filter((t) => names.includes(t.name as (typeof names)[number]));
  const found = applyFilters(named, input.Filters, instanceTypeFilters);
  const page = paginate(found, (t) => t.name, input.MaxResults ?? (names.length === 0 ? 100 : undefined), input.NextToken, { min: 5, max: 100 });
  return { InstanceTypes: page.items.map(instanceTypeView), NextToken: page.nextToken };
};
