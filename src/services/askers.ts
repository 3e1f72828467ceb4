// Owns who asks a link-local service: the fabric sends it on with 100.64.0.0 + the interface's number as its source.

import { parseIp } from "../lib/ip.ts";
import type { Instance, NetworkInterface } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";

const NUMBER_MASK = 0x1fffff;

export interface Asker { readonly networkInterface: NetworkInterface; readonly instance: Instance | undefined }

/** @param source as the socket shows it */
export function askerOf(snapshot: Snapshot, source: string): Asker | undefined {
  const address = parseIp(source.replace("::ffff:", ""));
  if (address === undefined) return undefined;
  const index = address & NUMBER_MASK;
  const networkInterface = snapshot.list("network-interface").find((eni) => eni.index === index);
  if (!networkInterface) return undefined;
  return { networkInterface, instance: networkInterface.attachment && snapshot.get("instance", networkInterface.attachment.instanceId) };
}
