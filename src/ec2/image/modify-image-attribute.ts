// Owns ModifyImageAttribute (EC2 API reference): description and launch permissions, in the newer form and the older one.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Image } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { ownImage } from "./own-image.ts";

type Input = ec2.ModifyImageAttributeRequest;

export const modifyImageAttribute: Ec2Operation<"ModifyImageAttribute"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["ProductCodes", "OrganizationArns", "OrganizationalUnitArns", "ImdsSupport"]);
  const image = ownImage(tx, ctx, input.ImageId);
  const description = input.Description?.Value ?? (input.Attribute === "description" ? input.Value : undefined);
  const permission = permissionChanges(input);
  if (description === undefined && !permission) throw new Ec2Error("InvalidParameterCombination", "No attributes specified.");
  if (description !== undefined && permission) throw new Ec2Error("InvalidParameterCombination", "Fields for multiple attribute types specified");
  tx.put("image", permission ? changePermissions(image, permission) : { ...image, description: description! });
  return {};
});

function permissionChanges(input: Input): ec2.LaunchPermissionModifications | undefined {
  if (input.LaunchPermission) return input.LaunchPermission;
  if (input.Attribute !== "launchPermission" && input.OperationType === undefined) return undefined;
  const list: ec2.LaunchPermission[] = [...(input.UserIds ?? []).map((UserId) => ({ UserId })), ...(input.UserGroups ?? []).map((Group) => ({ Group: Group as "all" }))];
  return input.OperationType === "remove" ? { Remove: list } : { Add: list };
}

function changePermissions(image: Image, change: ec2.LaunchPermissionModifications): Image {
  const users = new Set(image.launchPermissions ?? []);
  let isPublic = image.public;
  const each = (list: readonly ec2.LaunchPermission[] | undefined, add: boolean): void => {
    for (const { UserId, Group } of list ?? []) {
      if (Group !== undefined && Group !== "all") throw new Ec2Error("InvalidParameterValue", `Value (${Group as string}) for parameter group is invalid.`);
      if (Group === "all") isPublic = add;
      if (UserId === undefined) continue;
      if (!/^\d{12}$/.test(UserId)) throw new Ec2Error("InvalidUserID.Malformed", `Invalid user id: "${UserId}"`);
      if (add) users.add(UserId);
      else users.delete(UserId);
    }
  };
  each(change.Add, true);
  each(change.Remove, false);
  return { ...image, public: isPublic, launchPermissions: [...users] };
}
