// Owns the end of what an earlier run of the guide left: everything that wears its tag, in the order that EC2 allows.

import {
  DeleteInternetGatewayCommand, DeleteKeyPairCommand, DeleteRouteTableCommand, DeleteSecurityGroupCommand, DeleteSnapshotCommand, DeleteSubnetCommand, DeleteVpcCommand,
  DeregisterImageCommand, DescribeAddressesCommand, DescribeImagesCommand, DescribeInstancesCommand, DescribeInternetGatewaysCommand, DescribeKeyPairsCommand, DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand, DescribeSnapshotsCommand, DescribeSubnetsCommand, DescribeVpcsCommand, DetachInternetGatewayCommand, DisassociateAddressCommand,
  DisassociateRouteTableCommand, ReleaseAddressCommand, TerminateInstancesCommand, waitUntilInstanceTerminated,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { GUIDE, GUIDE_TAG } from "./guide-network.ts";

const Filters = [{ Name: `tag:${GUIDE_TAG}`, Values: [GUIDE] }];
const LIVE = ["pending", "running", "shutting-down", "stopping", "stopped"];
const WAIT_SECONDS = 60;

/** @returns how many resources it deleted. */
export async function undoGuide(ec2: EC2Client): Promise<number> {
  let count = 0;
  const each = async <T>(items: readonly T[] | undefined, end: (item: T) => Promise<unknown>): Promise<void> => {
    for (const item of items ?? []) await end(item);
    count += items?.length ?? 0;
  };

  const { Addresses } = await ec2.send(new DescribeAddressesCommand({ Filters }));
  await each(Addresses, async ({ AssociationId, AllocationId }) => {
    if (AssociationId) await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    await ec2.send(new ReleaseAddressCommand({ AllocationId }));
  });
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters: [...Filters, { Name: "instance-state-name", Values: LIVE }] }));
  const ids = (Reservations ?? []).flatMap((r) => r.Instances ?? []).map((i) => i.InstanceId!);
  if (ids.length > 0) {
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids }));
    await waitUntilInstanceTerminated({ client: ec2, maxWaitTime: WAIT_SECONDS, minDelay: 0.1, maxDelay: 0.5 }, { InstanceIds: ids });
    count += ids.length;
  }
  await each((await ec2.send(new DescribeImagesCommand({ Owners: ["self"], Filters }))).Images, ({ ImageId }) => ec2.send(new DeregisterImageCommand({ ImageId })));
  await each((await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters }))).Snapshots, ({ SnapshotId }) => ec2.send(new DeleteSnapshotCommand({ SnapshotId })));
  await each((await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables, async ({ RouteTableId, Associations }) => {
    for (const a of Associations ?? []) await ec2.send(new DisassociateRouteTableCommand({ AssociationId: a.RouteTableAssociationId }));
    await ec2.send(new DeleteRouteTableCommand({ RouteTableId }));
  });
  await each((await ec2.send(new DescribeInternetGatewaysCommand({ Filters }))).InternetGateways, async ({ InternetGatewayId, Attachments }) => {
    for (const a of Attachments ?? []) await ec2.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId: a.VpcId }));
    await ec2.send(new DeleteInternetGatewayCommand({ InternetGatewayId }));
  });
  await each((await ec2.send(new DescribeSubnetsCommand({ Filters }))).Subnets, ({ SubnetId }) => ec2.send(new DeleteSubnetCommand({ SubnetId })));
  await each((await ec2.send(new DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups, ({ GroupId }) => ec2.send(new DeleteSecurityGroupCommand({ GroupId })));
  await each((await ec2.send(new DescribeVpcsCommand({ Filters }))).Vpcs, ({ VpcId }) => ec2.send(new DeleteVpcCommand({ VpcId })));
  await each((await ec2.send(new DescribeKeyPairsCommand({ Filters }))).KeyPairs, ({ KeyPairId }) => ec2.send(new DeleteKeyPairCommand({ KeyPairId })));
  return count;
}
