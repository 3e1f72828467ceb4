// Owns DeleteLaunchTemplate (EC2 API reference).

import type { Ec2Operation } from "../../wire/operation.ts";
import { findTemplate, templateView } from "./template.ts";

export const deleteLaunchTemplate: Ec2Operation<"DeleteLaunchTemplate"> = (input, ctx) => ctx.write((tx) => {
  const template = findTemplate(tx, ctx, input);
  tx.delete("launch-template", template.id);
  return { LaunchTemplate: templateView(ctx, template) };
});
