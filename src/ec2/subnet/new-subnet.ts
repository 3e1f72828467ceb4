// Owns putting a subnet's record: it begins with the VPC's default network ACL, and with no route table of its own.

import { must } from "../../lib/assert.ts";
import type { Subnet, Tags } from "../../model/records.ts";
import type { Transaction } from "../../model/snapshot.ts";
import { newRecord, type Maker } from "../new-record.ts";

export interface NewSubnet { readonly vpcId: string; readonly cidrBlock: string; readonly availabilityZone: string; readonly isDefault: boolean; readonly tags: Tags }

export function putSubnet(tx: Transaction, maker: Maker, spec: NewSubnet): Subnet {
  const subnet: Subnet = {
    ...newRecord(tx, maker, "subnet", spec.tags),
    vpcId: spec.vpcId,
    cidrBlock: spec.cidrBlock,
    availabilityZone: spec.availabilityZone,
    defaultForAz: spec.isDefault,
    mapPublicIpOnLaunch: spec.isDefault,
  };
  tx.put("subnet", subnet);
  const acl = must(tx.list("network-acl", maker.region).find((a) => a.vpcId === spec.vpcId && a.isDefault), `VPC ${spec.vpcId} has a default ACL`);
  tx.put("network-acl", { ...acl, associations: [...acl.associations, { id: maker.newId("aclassoc"), subnetId: subnet.id }] });
  return subnet;
}
