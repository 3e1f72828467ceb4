// Owns AllocateAddress (EC2 API reference): a public address of the box for the account.

import { isPublicPoolAddress, publicAddressesInUse } from "../../model/public-addresses.ts";
import type { Address } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { tagsFor } from "../describe.ts";
import { oneOf } from "../instance/metadata-options.ts";
import { takePublicIp } from "../network-interface/create-interface.ts";
import { refuseUnsupported } from "../unsupported.ts";

export const allocateAddress: Ec2Operation<"AllocateAddress"> = (input, ctx) => ctx.write((tx) => {
  if (oneOf("domain", input.Domain, ["vpc", "standard"] as const) === "standard") throw new Ec2Error("UnsupportedOperation", "The parameter Domain with value standard is not supported.");
  refuseUnsupported(input, ["CustomerOwnedIpv4Pool", "IpamPoolId"]);
  if (input.PublicIpv4Pool !== undefined && input.PublicIpv4Pool !== "amazon") throw new Ec2Error("InvalidPublicIpv4PoolID.NotFound", `The pool ID '${input.PublicIpv4Pool}' does not exist.`);
  if (input.NetworkBorderGroup !== undefined && input.NetworkBorderGroup !== ctx.region)
    throw new Ec2Error("InvalidParameterValue", `Value (${input.NetworkBorderGroup}) for parameter networkBorderGroup is invalid.`);
  const tags = tagsFor("elastic-ip", input.TagSpecifications);
  if (tx.list("elastic-ip", ctx.region).length >= ctx.quota("elastic-ips-per-region"))
    throw new Ec2Error("AddressLimitExceeded", "The maximum number of addresses has been reached.");
  if (input.Address !== undefined && (!isPublicPoolAddress(input.Address) || publicAddressesInUse(tx).has(input.Address)))
    throw new Ec2Error("InvalidAddress.NotFound", `Address '${input.Address}' not found.`); // one that was released can be had again
  const record: Address = {
    id: ctx.newId("eipalloc"), region: ctx.region, index: tx.nextIndex(), tags, createdAt: ctx.now().toISOString(), publicIp: input.Address ?? takePublicIp(tx, ctx),
  };
  tx.put("elastic-ip", record);
  return { PublicIp: record.publicIp, AllocationId: record.id, PublicIpv4Pool: "amazon", NetworkBorderGroup: ctx.region, Domain: "vpc" };
});
