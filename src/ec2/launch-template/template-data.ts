// Owns what a launch template means for RunInstances: the call's own parameters go before the template's; tags of both are put
// together (EC2 user guide, "Launch an instance from a launch template").

import type * as ec2 from "@aws-sdk/client-ec2";
import type { LaunchTemplate } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { findTemplate, findVersion } from "./template.ts";

export function checkTemplateData(data: ec2.RequestLaunchTemplateData | undefined): object {
  if (!data || Object.values(data).every((v) => v === undefined)) throw new Ec2Error("MissingParameter", "The request must contain the parameter LaunchTemplateData");
  refuseUnsupported(data, ["InstanceRequirements", "ElasticGpuSpecifications", "ElasticInferenceAccelerators", "InstanceMarketOptions", "Operator", "SecondaryInterfaces"]);
  return data;
}

export interface Launch { readonly input: ec2.RunInstancesRequest; readonly templateTags: Readonly<Record<string, string>> }

/** RunInstances's parameters with those of the launch template that it names. */
export function withTemplate(snapshot: Snapshot, ctx: Context, input: ec2.RunInstancesRequest): Launch {
  if (!input.LaunchTemplate) return { input, templateTags: {} };
  const template: LaunchTemplate = findTemplate(snapshot, ctx, input.LaunchTemplate);
  const version = findVersion(template, input.LaunchTemplate.Version);
  const { RamDiskId, TagSpecifications, ...data } = version.data as ec2.RequestLaunchTemplateData;
  const own = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)));
  const merged: ec2.RunInstancesRequest = {
    ...(data as Partial<ec2.RunInstancesRequest>), ...(RamDiskId === undefined ? {} : { RamdiskId: RamDiskId }),
    ...own, MinCount: input.MinCount, MaxCount: input.MaxCount, LaunchTemplate: undefined,
    TagSpecifications: mergeTags(TagSpecifications, input.TagSpecifications),
  };
  return { input: merged, templateTags: { "aws:ec2launchtemplate:id": template.id, "aws:ec2launchtemplate:version": String(version.number) } };
}

function mergeTags(first: readonly ec2.TagSpecification[] | undefined, then: readonly ec2.TagSpecification[] | undefined): ec2.TagSpecification[] {
  const byType = new Map<ec2.ResourceType | undefined, Map<string | undefined, ec2.Tag>>();
  for (const spec of [...(first ?? []), ...(then ?? [])]) {
    const tags = byType.get(spec.ResourceType) ?? new Map<string | undefined, ec2.Tag>();
    byType.set(spec.ResourceType, tags);
    for (const tag of spec.Tags ?? []) tags.set(tag.Key, tag);
  }
  return [...byType].map(([ResourceType, tags]) => ({ ResourceType, Tags: [...tags.values()] }));
}
