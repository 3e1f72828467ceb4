// Owns ModifyLaunchTemplate (EC2 API reference): which version is the default.

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { findTemplate, findVersion, templateView } from "./template.ts";

export const modifyLaunchTemplate: Ec2Operation<"ModifyLaunchTemplate"> = (input, ctx) => ctx.write((tx) => {
  const template = findTemplate(tx, ctx, input);
  if (input.DefaultVersion === undefined) throw new Ec2Error("MissingParameter", "The request must contain the parameter DefaultVersion");
  const changed = { ...template, defaultVersion: findVersion(template, input.DefaultVersion).number };
  tx.put("launch-template", changed);
  return { LaunchTemplate: templateView(ctx, changed) };
});
