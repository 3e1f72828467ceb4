// Owns what an access scope asks: which ends, headers and things on the way its paths have (EC2 API reference, AccessScopePathRequest).
// Plain data, read by the API's operations and searched by access-scope.ts.

import type { Cidr } from "../lib/ip.ts";

export interface PortRange { readonly from: number; readonly to: number }
export interface ResourceStatement { readonly ids: ReadonlySet<string>; readonly types: ReadonlySet<string> } // one of them is empty
export interface HeaderStatement {
  readonly protocols?: readonly ("tcp" | "udp")[] | undefined;
  readonly sources?: readonly Cidr[] | undefined;
  readonly destinations?: readonly Cidr[] | undefined;
  readonly sourcePorts?: readonly PortRange[] | undefined;
  readonly destinationPorts?: readonly PortRange[] | undefined;
}
export interface ScopeEnd { readonly resources?: ResourceStatement | undefined; readonly header?: HeaderStatement | undefined }
export interface ScopePath { readonly source?: ScopeEnd | undefined; readonly destination?: ScopeEnd | undefined; readonly through: readonly ResourceStatement[] }
export interface Scope { readonly match: readonly ScopePath[]; readonly exclude: readonly ScopePath[] }
