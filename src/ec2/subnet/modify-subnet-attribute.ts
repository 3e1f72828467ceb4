// Owns ModifySubnetAttribute (EC2 API reference): one attribute a call.

import type * as ec2 from "@aws-sdk/client-ec2";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";

const isOff = (v: ec2.AttributeBooleanValue): boolean => !v.Value;
const attributes = [
  "MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "MapCustomerOwnedIpOnLaunch", "EnableDns64", "PrivateDnsHostnameTypeOnLaunch", "EnableResourceNameDnsARecordOnLaunch",
  "EnableResourceNameDnsAAAARecordOnLaunch", "EnableLniAtDeviceIndex", "DisableLniAtDeviceIndex",
] as const;

export const modifySubnetAttribute: Ec2Operation<"ModifySubnetAttribute"> = (input, ctx) => ctx.write((tx) => {
  const subnet = find(tx, "subnet", input.SubnetId, ctx.region);
  const given = attributes.filter((name) => input[name] !== undefined);
  if (given.length > 1) throw new Ec2Error("InvalidParameterCombination", "Fields for multiple attribute types specified");
  if (given.length === 0) throw new Ec2Error("InvalidParameterCombination", "No attributes specified.");
  refuseUnsupported(input, [...attributes.slice(1), "CustomerOwnedIpv4Pool"], {
    AssignIpv6AddressOnCreation: isOff, MapCustomerOwnedIpOnLaunch: isOff, EnableDns64: isOff, EnableResourceNameDnsARecordOnLaunch: isOff, EnableResourceNameDnsAAAARecordOnLaunch: isOff,
    DisableLniAtDeviceIndex: isOff, PrivateDnsHostnameTypeOnLaunch: (v: string) => v === "ip-name",
  });
  if (input.MapPublicIpOnLaunch) tx.put("subnet", { ...subnet, mapPublicIpOnLaunch: input.MapPublicIpOnLaunch.Value ?? false });
  return {};
});
