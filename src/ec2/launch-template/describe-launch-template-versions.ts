// Owns DescribeLaunchTemplateVersions (EC2 API reference): of one template, newest first; or `$Latest` and `$Default` of all.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { LaunchTemplate, LaunchTemplateVersion } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { applyFilters, type FilterTable } from "../describe.ts";
import { paginate } from "../page.ts";
import { findTemplate, findVersion, versionView } from "./template.ts";

interface Row { readonly template: LaunchTemplate; readonly version: LaunchTemplateVersion; readonly tags?: undefined }
const data = (row: Row): ec2.RequestLaunchTemplateData => row.version.data as ec2.RequestLaunchTemplateData;
const filters: FilterTable<Row> = {
  "create-time": (r) => new Date(r.version.createdAt).toISOString(),
  "ebs-optimized": (r) => (data(r).EbsOptimized === undefined ? undefined : String(data(r).EbsOptimized)),
  "http-endpoint": (r) => data(r).MetadataOptions?.HttpEndpoint,
  "http-protocol-ipv4": () => undefined,
  "host-resource-group-arn": () => undefined,
  "http-tokens": (r) => data(r).MetadataOptions?.HttpTokens,
  "iam-instance-profile": (r) => data(r).IamInstanceProfile?.Arn,
  "image-id": (r) => data(r).ImageId,
  "instance-type": (r) => data(r).InstanceType,
  "is-default-version": (r) => String(r.version.number === r.template.defaultVersion),
  "kernel-id": (r) => data(r).KernelId,
  "license-configuration-arn": () => undefined,
  "network-card-index": () => undefined,
  "ram-disk-id": (r) => data(r).RamDiskId,
};

export const describeLaunchTemplateVersions: Ec2Operation<"DescribeLaunchTemplateVersions"> = (input, ctx) => {
  const snapshot = ctx.snapshot();
  const asked = input.Versions ?? [];
  const one = input.LaunchTemplateId !== undefined || input.LaunchTemplateName !== undefined;
  if (!one && (asked.length === 0 || asked.some((v) => v !== "$Latest" && v !== "$Default")))
    throw new Ec2Error("MissingParameter", "You must specify the launch template ID or name, or only the versions $Latest and $Default.");
  const templates = one ? [findTemplate(snapshot, ctx, input)] : snapshot.list("launch-template", ctx.region);
  const inRange = (v: LaunchTemplateVersion): boolean => v.number >= Number(input.MinVersion ?? 0) && v.number <= Number(input.MaxVersion ?? Infinity);
  const rows = templates.flatMap((template): Row[] => {
    const versions = asked.length > 0 ? [...new Set(asked.map((v) => findVersion(template, v)))] : template.versions.filter(inRange).reverse();
    return versions.map((version) => ({ template, version }));
  });
  const found = applyFilters(rows, input.Filters, filters);
  const page = paginate(found, (r) => `${r.template.id} ${r.version.number}`, input.MaxResults, input.NextToken, { min: 1, max: 200 }, { of: one ? "version" : "newest", at: (r) => (one ? -r.version.number : r.template.index) });
  return { LaunchTemplateVersions: page.items.map((r) => versionView(ctx, r.template, r.version)), NextToken: page.nextToken };
};
