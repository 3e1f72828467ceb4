// Owns the public parameters that name the newest Amazon Linux images (Systems Manager user guide, "Finding public parameters"; EC2
// user guide, "Reference the latest AMIs using Systems Manager public parameters"). They follow from the image records.

import type { Parameter } from "@aws-sdk/client-ssm";
import type { Image } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";

const FOLDER = "/aws/service/ami-amazon-linux-latest";
// x86_64 first: guides name it everywhere, so it resolves on a machine of the other architecture too, to the images there are.
const names: readonly { readonly name: string; readonly image: RegExp; readonly architecture: Image["architecture"] }[] = [
  { name: "al2023-ami-kernel-default-x86_64", image: /^al2023-ami-2023\./, architecture: "x86_64" },
  { name: "al2023-ami-kernel-default-arm64", image: /^al2023-ami-2023\./, architecture: "arm64" },
  { name: "amzn2-ami-hvm-x86_64-gp2", image: /^amzn2-ami-hvm-/, architecture: "x86_64" },
  { name: "amzn2-ami-hvm-arm64-gp2", image: /^amzn2-ami-hvm-/, architecture: "arm64" },
];

/** Every public parameter of the region, in order of name. */
export function publicParameters(snapshot: Snapshot, region: string): readonly Parameter[] {
  const images = snapshot.list("image", region).filter((image) => image.ownerAlias === "amazon" && image.state === "available");
  const parameters = names.flatMap(({ name, image: pattern, architecture }) => {
    const all = images.filter((image) => pattern.test(image.name));
    const own = all.filter((image) => image.architecture === architecture);
    const newest = newestOf(own.length > 0 || architecture !== "x86_64" ? own : all);
    return newest ? [parameterOf(`${FOLDER}/${name}`, newest, region)] : [];
  });
  return parameters.sort((a, b) => (a.Name! < b.Name! ? -1 : 1));
}

const newestOf = (images: readonly Image[]): Image | undefined =>
  images.reduce<Image | undefined>((newest, image) => (newest === undefined || image.createdAt > newest.createdAt || (image.createdAt === newest.createdAt && image.name > newest.name) ? image : newest), undefined);

const parameterOf = (name: string, image: Image, region: string): Parameter => ({
  Name: name,
  Type: "String",
  Value: image.id,
  Version: 1,
  LastModifiedDate: new Date(image.createdAt),
  ARN: `arn:aws:ssm:${region}::parameter${name}`,
  DataType: "text",
});

/** The parameter under a name, a name with `:VERSION`, or an ARN. */
export function findParameter(parameters: readonly Parameter[], asked: string): Parameter | undefined {
  const byArn = parameters.find((p) => p.ARN === asked);
  if (byArn) return byArn;
  const [name, selector] = asked.split(":", 2);
  const found = parameters.find((p) => p.Name === name);
  if (!found || (selector !== undefined && selector !== String(found.Version))) return undefined;
  return selector === undefined ? found : { ...found, Selector: `:${selector}` };
}
