// Owns how a reservation of a subnet's addresses looks to clients (EC2 API reference, SubnetCidrReservation) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { SubnetCidrReservation } from "../../model/records.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

export const reservationView = (ctx: Context, r: SubnetCidrReservation): ec2.SubnetCidrReservation => ({
  SubnetCidrReservationId: r.id, SubnetId: r.subnetId, Cidr: r.cidr, ReservationType: r.reservationType, OwnerId: ctx.accountId, Description: r.description, Tags: tagList(r.tags),
});

export const reservationFilters: FilterTable<SubnetCidrReservation> = { "reservationType": (r) => r.reservationType, "subnet-id": (r) => r.subnetId };
