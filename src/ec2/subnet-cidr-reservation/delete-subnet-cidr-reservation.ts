// Owns DeleteSubnetCidrReservation (EC2 API reference): what interfaces took of it stays with them.

import type { Ec2Operation } from "../../wire/operation.ts";
import { find } from "../resource.ts";
import { reservationView } from "./view.ts";

export const deleteSubnetCidrReservation: Ec2Operation<"DeleteSubnetCidrReservation"> = (input, ctx) => ctx.write((tx) => {
  const record = find(tx, "subnet-cidr-reservation", input.SubnetCidrReservationId, ctx.region);
  tx.delete("subnet-cidr-reservation", record.id);
  return { DeletedSubnetCidrReservation: reservationView(ctx, record) };
});
