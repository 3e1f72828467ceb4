// Owns how a VPC looks to clients (EC2 API reference, Vpc) and its filters.

import type * as ec2 from "@aws-sdk/client-ec2";
import { RememberedEach } from "../../lib/remembered.ts";
import type { CidrAssociation, Vpc } from "../../model/records.ts";
import { kept } from "../../wire/kept.ts";
import type { Context } from "../../wire/operation.ts";
import { tagList, type FilterTable } from "../describe.ts";

const views = new RememberedEach<Vpc, ec2.Vpc>();

export const vpcView = (ctx: Context, vpc: Vpc): ec2.Vpc => views.of(vpc, [ctx.accountId], () => kept(newVpcView(ctx, vpc)));

function newVpcView(ctx: Context, vpc: Vpc): ec2.Vpc {
  return {
    VpcId: vpc.id,
    OwnerId: ctx.accountId,
    State: "available",
    CidrBlock: vpc.cidrAssociations[0]!.cidrBlock,
    CidrBlockAssociationSet: vpc.cidrAssociations.map((a) => cidrView(a)),
    DhcpOptionsId: vpc.dhcpOptionsId,
    InstanceTenancy: vpc.instanceTenancy as ec2.Tenancy,
    IsDefault: vpc.isDefault,
    BlockPublicAccessStates: { InternetGatewayBlockMode: "off" },
    Tags: tagList(vpc.tags),
  };
}

export const cidrView = (a: CidrAssociation, state: ec2.VpcCidrBlockStateCode = "associated"): ec2.VpcCidrBlockAssociation => ({
  AssociationId: a.associationId, CidrBlock: a.cidrBlock, CidrBlockState: { State: state },
});

const isDefault = (vpc: Vpc): string => String(vpc.isDefault);
const primaryBlock = (vpc: Vpc): string => vpc.cidrAssociations[0]!.cidrBlock;

export const vpcFilters = (ctx: Context): FilterTable<Vpc> => ({
  "cidr": primaryBlock,
  "cidr-block": primaryBlock,
  "cidrBlock": primaryBlock,
  "cidr-block-association.association-id": (v) => v.cidrAssociations.map((a) => a.associationId),
  "cidr-block-association.cidr-block": (v) => v.cidrAssociations.map((a) => a.cidrBlock),
  "cidr-block-association.state": (v) => v.cidrAssociations.map(() => "associated"),
  "dhcp-options-id": (v) => v.dhcpOptionsId,
  "dhcpOptionsId": (v) => v.dhcpOptionsId,
  "instance-tenancy": (v) => v.instanceTenancy,
  "ipv6-cidr-block-association.association-id": () => undefined,
  "ipv6-cidr-block-association.ipv6-cidr-block": () => undefined,
  "ipv6-cidr-block-association.ipv6-pool": () => undefined,
  "ipv6-cidr-block-association.state": () => undefined,
  "is-default": isDefault,
  "isDefault": isDefault,
  "owner-id": () => ctx.accountId,
  "state": () => "available",
  "vpc-id": (v) => v.id,
});
