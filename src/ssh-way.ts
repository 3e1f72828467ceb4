// Owns by which way `vpcbox ssh` comes to an instance from the laptop: by its public address, or by an instance of its VPC that has one (a
// bastion: the NAT instance, as a rule). Pure.

import { must } from "./lib/assert.ts";
import { ControlError } from "./control.ts";
import { findInstance } from "./box-views.ts";
import { join, type Joins } from "./model/joins.ts";
import type { Instance } from "./model/records.ts";
import type { Snapshot } from "./model/snapshot.ts";

export interface SshEnd { readonly instance: string; readonly name: string; readonly address: string; readonly keyName: string | undefined }
export interface SshWay { readonly target: SshEnd; readonly by: SshEnd | undefined }

/** @param via an instance to jump by, id or Name tag; undefined: none is needed, or the likeliest is taken */
export function sshWay(snapshot: Snapshot, name: string, via: string | undefined): SshWay {
  const joins = join(snapshot);
  const target = running(findInstance(snapshot, name));
  const own = publicAddress(joins, target);
  if (via === undefined && own !== undefined) return { target: end(target, own), by: undefined };
  const [privateAddress] = joins.interfacesOf(target.id)[0]?.privateAddresses ?? [];
  const inner = end(target, must(privateAddress, "a running instance has an interface").address);
  if (via !== undefined) {
    const chosen = running(findInstance(snapshot, via));
    const address = publicAddress(joins, chosen);
    if (address === undefined) throw new ControlError(409, `${chosen.id} has no public address: it cannot be jumped by`);
    return { target: inner, by: end(chosen, address) };
  }
  const reachable = snapshot.list("instance").flatMap((instance) => {
    const address = instance.vpcId === target.vpcId && instance.state === "running" ? publicAddress(joins, instance) : undefined;
    return address === undefined ? [] : [{ instance, address }];
  });
  const likeliness = (instance: Instance): number => (instance.keyName === target.keyName ? 2 : 0) + (joins.interfacesOf(instance.id).some((eni) => !eni.sourceDestCheck) ? 1 : 0);
  const [best] = reachable.sort((a, b) => likeliness(b.instance) - likeliness(a.instance) || a.instance.index - b.instance.index);
  if (!best) throw new ControlError(409, `${target.id} has no public address, and no running instance of ${target.vpcId} has one; without a network: vpcbox exec ${target.id} -- COMMAND`);
  return { target: inner, by: end(best.instance, best.address) };
}

function running(instance: Instance): Instance {
  if (instance.state !== "running") throw new ControlError(409, `${instance.id} is ${instance.state}; start it first`);
  return instance;
}

const end = (instance: Instance, address: string): SshEnd => ({ instance: instance.id, name: instance.tags.Name ?? "", address, keyName: instance.keyName });

/** The first of its interfaces' addresses that the internet sees. */
function publicAddress(joins: Joins, instance: Instance): string | undefined {
  for (const eni of joins.interfacesOf(instance.id))
    for (const p of eni.privateAddresses) {
      const address = joins.elasticIpOf(eni.id, p.address)?.publicIp ?? p.publicIp;
      if (address !== undefined) return address;
    }
  return undefined;
}
