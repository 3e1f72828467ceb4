// Owns CreateLaunchTemplate (EC2 API reference). Its parameters are checked when it is launched from, as AWS does for most.

import type { LaunchTemplate } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { templateView } from "./template.ts";
import { checkTemplateData } from "./template-data.ts";

export const createLaunchTemplate: Ec2Operation<"CreateLaunchTemplate"> = (input, ctx) => ctx.write((tx) => {
  const name = input.LaunchTemplateName ?? "";
  if (name.length < 3 || name.length > 128 || !/^[A-Za-z0-9().\-/_]+$/.test(name))
    throw new Ec2Error("InvalidLaunchTemplateName.MalformedException", "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: ( ) . - / _.");
  const data = checkTemplateData(input.LaunchTemplateData);
  if (tx.list("launch-template", ctx.region).some((t) => t.name === name)) throw new Ec2Error("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.");
  const createdAt = ctx.now().toISOString();
  const template: LaunchTemplate = {
    id: ctx.newId("lt"), region: ctx.region, index: tx.nextIndex(), tags: tagsFor("launch-template", input.TagSpecifications), createdAt, name, defaultVersion: 1, latestVersion: 1,
    versions: [{ number: 1, description: input.VersionDescription, createdAt, data }],
  };
  tx.put("launch-template", template);
  return { LaunchTemplate: templateView(ctx, template) };
});
