// Owns CreateDhcpOptions (EC2 API reference; RFC 2132 for what the options are).

import type * as ec2 from "@aws-sdk/client-ec2";
import { parseIp } from "../../lib/ip.ts";
import type { DhcpOptions } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { dhcpOptionsView } from "./view.ts";

const isAddress = (value: string): boolean => parseIp(value) !== undefined;
const options: Readonly<Record<string, { readonly max: number; accepts(value: string): boolean }>> = {
  "domain-name": { max: 1, accepts: (v) => /^[a-zA-Z0-9]([a-zA-Z0-9 ._-]*[a-zA-Z0-9.])?$/.test(v) },
  "domain-name-servers": { max: 4, accepts: (v) => v === "AmazonProvidedDNS" || isAddress(v) },
  "ntp-servers": { max: 4, accepts: isAddress },
  "netbios-name-servers": { max: 4, accepts: isAddress },
  "netbios-node-type": { max: 1, accepts: (v) => ["1", "2", "4", "8"].includes(v) },
  "ipv6-address-preferred-lease-time": { max: 1, accepts: (v) => /^\d{3,10}$/.test(v) && Number(v) >= 140 && Number(v) <= 2147483647 },
};

export const createDhcpOptions: Ec2Operation<"CreateDhcpOptions"> = (input, ctx) => ctx.write((tx) => {
  const configurations = readConfigurations(input.DhcpConfigurations ?? []);
  const record: DhcpOptions = { ...newRecord(tx, makerOf(ctx), "dopt", tagsFor("dhcp-options", input.TagSpecifications)), configurations };
  tx.put("dhcp-options", record);
  return { DhcpOptions: dhcpOptionsView(ctx, record) };
});

function readConfigurations(list: readonly ec2.NewDhcpConfiguration[]): Record<string, readonly string[]> {
  if (list.length === 0) throw new Ec2Error("MissingParameter", "The request must contain the parameter dhcpConfiguration");
  const configurations: Record<string, readonly string[]> = {};
  for (const { Key: key = "", Values = [] } of list) {
    const option = Object.hasOwn(options, key) ? options[key] : undefined;
    if (!option) throw new Ec2Error("InvalidParameterValue", `Value (${key}) for parameter dhcp-configuration is invalid. Unknown DHCP option`);
    if (Object.hasOwn(configurations, key)) throw new Ec2Error("InvalidParameterValue", `Value (${key}) for parameter dhcp-configuration is invalid. Duplicate DHCP option`);
    const values = Values.flatMap((v) => v.split(",")).map((v) => v.trim()).filter((v) => v !== "");
    const wrong = values.find((v) => !option.accepts(v));
    if (wrong !== undefined) throw new Ec2Error("InvalidParameterValue", `Value (${wrong}) for parameter ${key} is invalid.`);
    if (values.length === 0 || values.length > option.max) throw new Ec2Error("InvalidParameterValue", `Value (${values.join(",")}) for parameter ${key} is invalid. It takes 1 to ${option.max} values.`);
    configurations[key] = values;
  }
  return configurations;
}
