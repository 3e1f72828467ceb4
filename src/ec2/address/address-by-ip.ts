// Owns finding an Elastic IP by the address itself, as the older forms of the operations name it.

import { parseIp } from "../../lib/ip.ts";
import type { Address } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Context } from "../../wire/operation.ts";

export function addressByIp(snapshot: Snapshot, ctx: Context, publicIp: string): Address {
  if (parseIp(publicIp) === undefined) throw new Ec2Error("InvalidParameterValue", `Value (${publicIp}) for parameter publicIp is invalid. Invalid IPv4 address.`);
  const address = snapshot.list("elastic-ip", ctx.region).find((a) => a.publicIp === publicIp);
  if (!address) throw new Ec2Error("InvalidAddress.NotFound", `Address '${publicIp}' not found.`);
  return address;
}
