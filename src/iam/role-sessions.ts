// Owns sessions of roles: what AssumeRole and the instance metadata hand out, and whether such a session still counts.

import { roleOfInstance } from "../model/iam.ts";
import type { IamRole, Instance } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Principal, Session, SessionCredentials, Sessions } from "../wire/sessions.ts";

const INSTANCE_CREDENTIALS_SECONDS = 6 * 60 * 60;

/** Who signs with a session's credentials. */
export const rolePrincipal = (accountId: string, role: IamRole, sessionName: string, sourceIdentity?: string): Principal => ({
  arn: `arn:aws:sts::${accountId}:assumed-role/${role.name}/${sessionName}`, userId: `${role.id}:${sessionName}`, roleId: role.id, ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
});

/** The session of a key and token, as long as its role is there. */
export function liveSession(sessions: Sessions, snapshot: Snapshot, accessKeyId: string, token: string): Session | undefined {
  const session = sessions.read(accessKeyId, token);
  const roleId = session?.principal.roleId;
  return roleId === undefined || snapshot.get("iam-role", roleId) ? session : undefined;
}

/**
 * Credentials of an instance's role as its metadata gives them (meta-data/iam/security-credentials/ROLE): the session is named after
 * the instance; undefined when it has no profile, or its profile no role.
 */
export function instanceCredentials(sessions: Sessions, snapshot: Snapshot, accountId: string, instance: Instance, now: Date): { readonly roleName: string; readonly credentials: SessionCredentials } | undefined {
  const role = roleOfInstance(snapshot, accountId, instance)?.role;
  if (!role) return undefined;
  const expiresAt = new Date(now.getTime() + INSTANCE_CREDENTIALS_SECONDS * 1000);
  return { roleName: role.name, credentials: sessions.issue(rolePrincipal(accountId, role, instance.id), expiresAt) };
}
