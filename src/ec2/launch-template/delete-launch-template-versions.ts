// Owns DeleteLaunchTemplateVersions (EC2 API reference): not the default one; each succeeds or fails by itself.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Ec2Operation } from "../../wire/operation.ts";
import { findTemplate } from "./template.ts";

export const deleteLaunchTemplateVersions: Ec2Operation<"DeleteLaunchTemplateVersions"> = (input, ctx) => ctx.write((tx) => {
  const template = findTemplate(tx, ctx, input);
  const which = (text: string): ec2.DeleteLaunchTemplateVersionsResponseSuccessItem => ({ LaunchTemplateId: template.id, LaunchTemplateName: template.name, VersionNumber: Number(text) });
  const done: ec2.DeleteLaunchTemplateVersionsResponseSuccessItem[] = [];
  const failed: ec2.DeleteLaunchTemplateVersionsResponseErrorItem[] = [];
  for (const text of input.Versions ?? []) {
    const fail = (Code: ec2.LaunchTemplateErrorCode, Message: string): void => { failed.push({ ...which(text), ResponseError: { Code, Message } }); };
    if (Number(text) === template.defaultVersion) fail("unexpectedError", "The default version of a launch template cannot be deleted.");
    else if (!template.versions.some((v) => v.number === Number(text))) fail("launchTemplateVersionDoesNotExist", `The specified launch template version ${text} does not exist.`);
    else done.push(which(text));
  }
  const gone = new Set(done.map((d) => d.VersionNumber));
  if (gone.size > 0) tx.put("launch-template", { ...template, versions: template.versions.filter((v) => !gone.has(v.number)) });
  return { SuccessfullyDeletedLaunchTemplateVersions: done, UnsuccessfullyDeletedLaunchTemplateVersions: failed };
});
