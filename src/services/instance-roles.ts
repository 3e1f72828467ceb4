// Owns which credentials an instance's metadata shows: of the role that its profile has now, the same until an hour before they expire
// (EC2 user guide, "Retrieve security credentials from instance metadata": new ones come well before the old ones end).

import { instanceProfileArn, roleOfInstance } from "../model/iam.ts";
import type { Instance } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { InstanceRole, RoleCredentials } from "./metadata-tree.ts";

const RENEW_MS = 60 * 60_000;
const MAX_KEPT = 4096;

export interface Issued { readonly roleName: string; readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string; readonly expiration: Date } }

export function instanceRoles(accountId: string, snapshot: () => Snapshot, issue: (instance: Instance) => Issued | undefined, now: () => Date = () => new Date()): (instance: Instance) => InstanceRole | undefined {
  const kept = new Map<string, RoleCredentials>();
  return (instance) => {
    const found = roleOfInstance(snapshot(), accountId, instance);
    if (!found) return undefined;
    const key = `${instance.id} ${found.role?.id}`;
    let credentials = found.role && kept.get(key);
    if (credentials && credentials.expiration.getTime() - now().getTime() < RENEW_MS) credentials = undefined;
    if (!credentials && found.role) {
      const issued = issue(instance);
      credentials = issued && { roleName: issued.roleName, ...issued.credentials, issuedAt: now() };
      if (kept.size >= MAX_KEPT) kept.clear();
      if (credentials) kept.set(key, credentials);
    }
    return { instanceProfileArn: instanceProfileArn(accountId, found.profile), instanceProfileId: found.profile.id, credentials };
  };
}
