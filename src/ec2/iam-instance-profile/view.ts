// Owns how the association of an instance and its instance profile looks to clients (EC2 API reference, IamInstanceProfileAssociation)
// and its filters, and how it is found.

import type * as ec2 from "@aws-sdk/client-ec2";
import type { Instance } from "../../model/records.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { Ec2Error } from "../../wire/error.ts";
import type { FilterTable } from "../describe.ts";

export const profileView = (instance: Instance): ec2.IamInstanceProfile | undefined =>
  (instance.iamInstanceProfileArn === undefined ? undefined : { Arn: instance.iamInstanceProfileArn, Id: instance.iamInstanceProfileId });

export const associationView = (instance: Instance, state: ec2.IamInstanceProfileAssociationState): ec2.IamInstanceProfileAssociation => ({
  AssociationId: instance.iamInstanceProfileAssociationId, InstanceId: instance.id, IamInstanceProfile: profileView(instance), State: state,
});

export const associationFilters: FilterTable<Instance> = { "instance-id": (i) => i.id, "state": () => "associated" };

/** Instances that have a profile now. */
export const associations = (snapshot: Snapshot, region: string): readonly Instance[] => snapshot.list("instance", region).filter((i) => i.iamInstanceProfileAssociationId !== undefined && i.state !== "terminated");

/** The instance that has this association. */
export function associatedInstance(snapshot: Snapshot, region: string, associationId: string | undefined): Instance {
  const instance = associations(snapshot, region).find((i) => i.iamInstanceProfileAssociationId === associationId);
  if (!instance) throw new Ec2Error("InvalidAssociationID.NotFound", `An invalid association-id of '${associationId ?? ""}' was given`);
  return instance;
}
