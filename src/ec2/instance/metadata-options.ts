// Owns the rules of an instance's metadata options (EC2 API reference, InstanceMetadataOptionsRequest).

import type { MetadataOptions } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";

interface Asked {
  readonly HttpTokens?: string | undefined;
  readonly HttpPutResponseHopLimit?: number | undefined;
  readonly HttpEndpoint?: string | undefined;
  readonly HttpProtocolIpv6?: string | undefined;
  readonly InstanceMetadataTags?: string | undefined;
}

/** What an instance launches with when nothing is asked: version 2 only where the image says so (Amazon Linux 2023 does). */
export const defaultMetadataOptions = (imageName: string): MetadataOptions => ({
  httpTokens: imageName.startsWith("al2023-") ? "required" : "optional",
  httpPutResponseHopLimit: imageName.startsWith("al2023-") ? 2 : 1,
  httpEndpoint: "enabled",
  instanceMetadataTags: "disabled",
});

export function changeMetadataOptions(now: MetadataOptions, asked: Asked | undefined): MetadataOptions {
  if (!asked) return now;
  const limit = asked.HttpPutResponseHopLimit ?? now.httpPutResponseHopLimit;
  if (!Number.isInteger(limit) || limit < 1 || limit > 64)
    throw new Ec2Error("InvalidParameterValue", `Value (${limit}) for parameter HttpPutResponseHopLimit is invalid. The value must be between 1 and 64.`);
  if (asked.HttpProtocolIpv6 === "enabled") throw new Ec2Error("UnsupportedOperation", "The parameter HttpProtocolIpv6 is not supported.");
  return {
    httpTokens: oneOf("HttpTokens", asked.HttpTokens, ["optional", "required"] as const) ?? now.httpTokens,
    httpPutResponseHopLimit: limit,
    httpEndpoint: oneOf("HttpEndpoint", asked.HttpEndpoint, ["enabled", "disabled"] as const) ?? now.httpEndpoint,
    instanceMetadataTags: oneOf("InstanceMetadataTags", asked.InstanceMetadataTags, ["enabled", "disabled"] as const) ?? now.instanceMetadataTags,
  };
}

/** The value when it is one of those allowed; AWS's refusal when it is something else. */
export function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw new Ec2Error("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid. Valid values are: ${allowed.join(", ")}.`);
  return found;
}
