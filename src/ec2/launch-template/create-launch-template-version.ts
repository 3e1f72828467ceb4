// Owns CreateLaunchTemplateVersion (EC2 API reference): with SourceVersion, that version's parameters with the given ones over them.

import type { LaunchTemplateVersion } from "../../model/records.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { findTemplate, findVersion, versionView } from "./template.ts";
import { checkTemplateData } from "./template-data.ts";

export const createLaunchTemplateVersion: Ec2Operation<"CreateLaunchTemplateVersion"> = (input, ctx) => ctx.write((tx) => {
  const template = findTemplate(tx, ctx, input);
  const source = input.SourceVersion === undefined ? {} : findVersion(template, input.SourceVersion).data;
  const data = { ...source, ...checkTemplateData(input.LaunchTemplateData) };
  const version: LaunchTemplateVersion = { number: template.latestVersion + 1, description: input.VersionDescription, createdAt: ctx.now().toISOString(), data };
  const changed = { ...template, latestVersion: version.number, versions: [...template.versions, version] };
  tx.put("launch-template", changed);
  return { LaunchTemplateVersion: versionView(ctx, changed, version) };
});
