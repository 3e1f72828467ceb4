// Owns CreateNetworkInterface (EC2 API reference).

import type { NetworkInterfaceStatus } from "@aws-sdk/client-ec2";
import { join } from "../../model/joins.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { addressesOf } from "../instance/launch-interfaces.ts";
import { find } from "../resource.ts";
import { refuseUnsupported } from "../unsupported.ts";
import { readConnectionTracking } from "./connection-tracking.ts";
import { createInterface } from "./create-interface.ts";
import { networkInterfaceView } from "./view.ts";

export const createNetworkInterface: Ec2Operation<"CreateNetworkInterface"> = (input, ctx) => ctx.write((tx) => {
  refuseUnsupported(input, ["Ipv6AddressCount", "Ipv6Addresses", "Ipv6PrefixCount", "Ipv6Prefixes", "Ipv4PrefixCount", "Ipv4Prefixes", "EnablePrimaryIpv6", "Operator"], {
    Ipv6AddressCount: (v: number) => v === 0, Ipv4PrefixCount: (v: number) => v === 0, Ipv6PrefixCount: (v: number) => v === 0, EnablePrimaryIpv6: (v: boolean) => !v,
  });
  if (input.InterfaceType !== undefined && (input.InterfaceType as string) !== "interface") throw new Ec2Error("UnsupportedOperation", `The parameter InterfaceType with value ${input.InterfaceType} is not supported.`);
  const subnet = find(tx, "subnet", input.SubnetId, ctx.region);
  const { primary, secondary } = addressesOf(input);
  const eni = createInterface(tx, ctx, {
    subnet, description: input.Description ?? "", groupIds: input.Groups ?? [], primaryAddress: primary, secondaryAddresses: secondary,
    secondaryCount: input.SecondaryPrivateIpAddressCount ?? 0, assignsPublicIp: false, tags: tagsFor("network-interface", input.TagSpecifications),
    connectionTracking: readConnectionTracking(input.ConnectionTrackingSpecification),
  });
  return { NetworkInterface: { ...networkInterfaceView(join(tx), ctx, eni), Status: "pending" as NetworkInterfaceStatus }, ClientToken: input.ClientToken };
});
