// Owns ModifyInstanceMetadataOptions (EC2 API reference).

import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { changeMetadataOptions } from "./metadata-options.ts";
import { metadataOptionsView } from "./view.ts";

export const modifyInstanceMetadataOptions: Ec2Operation<"ModifyInstanceMetadataOptions"> = (input, ctx) => ctx.write((tx) => {
  const instance = find(tx, "instance", input.InstanceId, ctx.region);
  if (instance.state === "shutting-down" || instance.state === "terminated") throw new Ec2Error("IncorrectInstanceState", `The instance '${instance.id}' is not in a valid state for this operation.`);
  const { HttpTokens, HttpPutResponseHopLimit, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags } = input;
  if (HttpEndpoint === "disabled" && (HttpTokens !== undefined || HttpPutResponseHopLimit !== undefined))
    throw new Ec2Error("InvalidParameterCombination", "HttpEndpoint must be enabled to specify HttpTokens or HttpPutResponseHopLimit.");
  const metadataOptions = changeMetadataOptions(instance.metadataOptions, { HttpTokens, HttpPutResponseHopLimit, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags });
  tx.put("instance", { ...instance, metadataOptions });
  return { InstanceId: instance.id, InstanceMetadataOptions: { ...metadataOptionsView(metadataOptions), State: "pending" as const } };
});
