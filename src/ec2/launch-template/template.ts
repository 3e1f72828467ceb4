// Owns finding launch templates and their versions, by id or name, `$Latest` and `$Default` (EC2 API reference,
// LaunchTemplateSpecification), and how they look to clients.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { LaunchTemplate, LaunchTemplateVersion } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList } from "../describe.ts";
import { checkId } from "../resource.ts";

export function findTemplate(snapshot: Snapshot, ctx: Context, by: { readonly LaunchTemplateId?: string | undefined; readonly LaunchTemplateName?: string | undefined }): LaunchTemplate {
  if (by.LaunchTemplateId !== undefined && by.LaunchTemplateName !== undefined)
    throw new Ec2Error("InvalidParameterCombination", "You must specify either the launch template ID or the launch template name, but not both.");
  if (by.LaunchTemplateId === undefined && by.LaunchTemplateName === undefined) throw new Ec2Error("MissingParameter", "You must specify either the launch template ID or the launch template name.");
  if (by.LaunchTemplateName !== undefined) {
    const found = snapshot.list("launch-template", ctx.region).find((t) => t.name === by.LaunchTemplateName);
    if (!found) throw new Ec2Error("InvalidLaunchTemplateName.NotFoundException", `The specified launch template, with template name ${by.LaunchTemplateName}, does not exist.`);
    return found;
  }
  checkId("launch-template", by.LaunchTemplateId!);
  const found = snapshot.get("launch-template", by.LaunchTemplateId!);
  if (found?.region !== ctx.region) throw new Ec2Error("InvalidLaunchTemplateId.NotFound", `The specified launch template, with template ID ${by.LaunchTemplateId}, does not exist.`);
  return found;
}

/** `version`: a number, `$Latest` or `$Default`; the default one when absent. */
export function findVersion(template: LaunchTemplate, version: string | undefined): LaunchTemplateVersion {
  const number = version === undefined || version === "$Default" ? template.defaultVersion : version === "$Latest" ? template.versions.at(-1)!.number : Number(version);
  const found = template.versions.find((v) => v.number === number);
  if (!found) throw new Ec2Error("InvalidLaunchTemplateId.VersionNotFound", `Could not find the specified version ${version} for the launch template with ID ${template.id}.`);
  return found;
}

const creator = (ctx: Context): string => `arn:aws:iam::${ctx.accountId}:root`;

export const templateView = (ctx: Context, t: LaunchTemplate): ec2.LaunchTemplate => ({
  LaunchTemplateId: t.id, LaunchTemplateName: t.name, CreateTime: new Date(t.createdAt), CreatedBy: creator(ctx),
  DefaultVersionNumber: t.defaultVersion, LatestVersionNumber: t.latestVersion, Tags: tagList(t.tags), Operator: { Managed: false },
});

export const versionView = (ctx: Context, t: LaunchTemplate, v: LaunchTemplateVersion): ec2.LaunchTemplateVersion => ({
  LaunchTemplateId: t.id, LaunchTemplateName: t.name, VersionNumber: v.number, VersionDescription: v.description, CreateTime: new Date(v.createdAt), CreatedBy: creator(ctx),
  DefaultVersion: v.number === t.defaultVersion, LaunchTemplateData: v.data as ec2.ResponseLaunchTemplateData, Operator: { Managed: false },
});
