// Owns CreateSubnetCidrReservation (EC2 API reference): addresses of a subnet that nothing is given by itself. Those that interfaces have
// already stay with them.

import { formatCidr, overlaps, parseCidr, within } from "../../lib/ip.ts";
import { must } from "../../lib/assert.ts";
import type { SubnetCidrReservation } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { Ec2Operation } from "../../wire/operation.ts";
import { readCidr } from "../cidr.ts";
import { tagsFor } from "../describe.ts";
import { makerOf, newRecord } from "../new-record.ts";
import { find } from "../resource.ts";
import { reservationView } from "./view.ts";

export const createSubnetCidrReservation: Ec2Operation<"CreateSubnetCidrReservation"> = (input, ctx) => ctx.write((tx) => {
  const subnet = find(tx, "subnet", input.SubnetId, ctx.region);
  if (input.Cidr?.includes(":")) throw new Ec2Error("UnsupportedOperation", "The parameter Cidr with an IPv6 block is not supported.");
  const block = readCidr(input.Cidr ?? "", "cidr");
  const cidr = formatCidr(block);
  if (!within(block, must(parseCidr(subnet.cidrBlock), "a subnet's block parses"))) throw new Ec2Error("InvalidParameterValue", `Reservation CIDR ${cidr} is not within the subnet CIDR ${subnet.cidrBlock}`);
  const tags = tagsFor("subnet-cidr-reservation", input.TagSpecifications);
  const other = tx.list("subnet-cidr-reservation", ctx.region).find((r) => r.subnetId === subnet.id && overlaps(must(parseCidr(r.cidr), "a reservation's block parses"), block));
  if (other) throw new Ec2Error("InvalidParameterValue", `Reservation CIDR ${cidr} has overlap with existing reserved CIDR block`);
  const record: SubnetCidrReservation = { ...newRecord(tx, makerOf(ctx), "scr", tags), subnetId: subnet.id, cidr, reservationType: input.ReservationType!, description: input.Description };
  tx.put("subnet-cidr-reservation", record);
  return { SubnetCidrReservation: reservationView(ctx, record) };
});
