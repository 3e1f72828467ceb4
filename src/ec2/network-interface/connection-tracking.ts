// Owns an interface's idle times of tracked connections (EC2 user guide, "Connection tracking timeouts"): the bounds, and how they are shown.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { NetworkInterface } from "../../model/records.ts";
import { Ec2Error } from "../../wire/error.ts";

type Tracking = NonNullable<NetworkInterface["connectionTracking"]>;

/** Idle times in seconds, as AWS bounds them. What is not named keeps its default. */
export function readConnectionTracking(request: ec2.ConnectionTrackingSpecificationRequest | undefined): Tracking | undefined {
  if (request === undefined) return undefined;
  const within = (name: keyof ec2.ConnectionTrackingSpecificationRequest, least: number, most: number): number | undefined => {
    const value = request[name];
    if (value !== undefined && (!Number.isInteger(value) || value < least || value > most))
      throw new Ec2Error("InvalidParameterValue", `Value (${value}) for parameter ${name} is invalid. Valid values are between ${least} and ${most}.`);
    return value;
  };
  return {
    tcpEstablishedTimeoutSeconds: within("TcpEstablishedTimeout", 60, 432_000),
    udpStreamTimeoutSeconds: within("UdpStreamTimeout", 60, 180),
    udpTimeoutSeconds: within("UdpTimeout", 30, 60),
  };
}

/** undefined while all are defaults: AWS shows none then. */
export function connectionTrackingView({ connectionTracking: tracking }: NetworkInterface): ec2.ConnectionTrackingConfiguration | undefined {
  return tracking && { TcpEstablishedTimeout: tracking.tcpEstablishedTimeoutSeconds, UdpStreamTimeout: tracking.udpStreamTimeoutSeconds, UdpTimeout: tracking.udpTimeoutSeconds };
}
