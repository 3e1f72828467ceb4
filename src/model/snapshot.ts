// Owns the shape of a snapshot: every record of the box at one revision, immutable; and of the transaction that makes the next.

import type * as r from "./records.ts";

/** Table name -> record. The name is also the ResourceType of tags (EC2 API reference, TagSpecification). */
export interface Tables {
  "vpc": r.Vpc;
  "subnet": r.Subnet;
  "internet-gateway": r.InternetGateway;
  "route-table": r.RouteTable;
  "security-group": r.SecurityGroup;
  "network-interface": r.NetworkInterface;
  "elastic-ip": r.Address;
  "instance": r.Instance;
  "key-pair": r.KeyPair;
  "image": r.Image;
  "volume": r.Volume;
  "snapshot": r.VolumeSnapshot;
  "launch-template": r.LaunchTemplate;
  "network-acl": r.NetworkAcl;
  "dhcp-options": r.DhcpOptions;
  "natgateway": r.NatGateway;
  "vpc-peering-connection": r.VpcPeeringConnection;
  "prefix-list": r.ManagedPrefixList;
  "vpc-flow-log": r.FlowLog;
  "subnet-cidr-reservation": r.SubnetCidrReservation;
  "network-insights-path": r.NetworkInsightsPath;
  "network-insights-analysis": r.NetworkInsightsAnalysis;
  "network-insights-access-scope": r.NetworkInsightsAccessScope;
  "network-insights-access-scope-analysis": r.NetworkInsightsAccessScopeAnalysis;
  "iam-role": r.IamRole;
  "iam-instance-profile": r.IamInstanceProfile;
  "iam-policy": r.IamPolicy;
}
export type Kind = keyof Tables;

export interface Snapshot {
  readonly revision: number;
  get<K extends Kind>(kind: K, id: string): Tables[K] | undefined;
  /** In order of creation; with a region, that region's only. */
  list<K extends Kind>(kind: K, region?: string): readonly Tables[K][];
}

export interface Transaction extends Snapshot {
  put<K extends Kind>(kind: K, record: Tables[K]): void;
  delete(kind: Kind, id: string): void;
  /** A number no record of this box ever had. Starts at 16. */
  nextIndex(): number;
}
