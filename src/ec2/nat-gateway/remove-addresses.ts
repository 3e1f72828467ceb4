// Owns taking secondary addresses from a NAT gateway: their Elastic IPs are free afterwards. Connections over them end with the call;
// AWS lets them drain for MaxDrainDurationSeconds.

import type { NatGateway, NatGatewayAddress } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import { withoutAddresses } from "../network-interface/unassign-private-ip-addresses.ts";
import { interfaceOf } from "./gateway-addresses.ts";

const MAX_DRAIN_SECONDS = 4000;

export function checkDrain(seconds: number | undefined): void {
  if (seconds !== undefined && (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_DRAIN_SECONDS))
    throw new Ec2Error("InvalidParameterValue", `Value (${seconds}) for parameter MaxDrainDurationSeconds is invalid. It must be between 1 and ${MAX_DRAIN_SECONDS}.`);
}

export function removeAddresses(tx: Transaction, gateway: NatGateway, gone: readonly NatGatewayAddress[]): void {
  withoutAddresses(tx, interfaceOf(tx, gateway), gone.map((a) => a.privateIp));
  tx.put("natgateway", { ...gateway, addresses: gateway.addresses.filter((a) => !gone.includes(a)) });
}
