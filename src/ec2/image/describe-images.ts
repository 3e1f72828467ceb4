// Owns DescribeImages (EC2 API reference): the account's own images and amazon's public ones.

import type { Image } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context, Ec2Operation } from "../../wire/operation.ts";
import { describe } from "../describe.ts";
import { imageFilters, imageView } from "./view.ts";

export const describeImages: Ec2Operation<"DescribeImages"> = (input, ctx) => {
  const owned = ownedBy(ctx, input.Owners ?? []);
  const executable = executableBy(ctx, input.ExecutableUsers ?? []);
  const page = describe(ctx, {
    kind: "image", ids: input.ImageIds, filters: input.Filters, maxResults: input.MaxResults, nextToken: input.NextToken, dryRun: input.DryRun,
    table: imageFilters(ctx), visible: (i) => owned(i) && executable(i),
  });
  return { Images: page.items.map(imageView), NextToken: page.nextToken };
};

/** Owners: account ids, `self`, and AWS's aliases. */
function ownedBy(ctx: Context, owners: readonly string[]): (image: Image) => boolean {
  for (const owner of owners)
    if (!/^\d{12}$/.test(owner) && !["self", "amazon", "aws-marketplace", "aws-backup-vault"].includes(owner)) throw new Ec2Error("InvalidUserID.Malformed", `Invalid user id: "${owner}"`);
  return (image) => owners.length === 0 || owners.some((o) => (o === "self" ? image.ownerId === ctx.accountId : o === image.ownerId || o === image.ownerAlias));
}

/** Who may launch it: `all` public ones, `self` those of the account or shared with it by name. */
function executableBy(ctx: Context, users: readonly string[]): (image: Image) => boolean {
  return (image) => users.length === 0 || users.some((user) => {
    if (user === "all") return image.public;
    const account = user === "self" ? ctx.accountId : user;
    return !image.public && (image.launchPermissions ?? []).includes(account);
  });
}
