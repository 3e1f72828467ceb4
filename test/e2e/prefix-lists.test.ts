// Owns that managed prefix lists decide packets: as the other end of a group's rule and as a route's destination, and that another version of the
// list is obeyed at once (VPC user guide, "Managed prefix lists").

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import * as ec2 from "@aws-sdk/client-ec2";
import { Box, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage, findInstance, pings, waitForState } from "../support/nat-network.ts";

const box = new Box(), FIRST = "192.0.2.80", SECOND = "192.0.2.82", ANYWHERE = "0.0.0.0/0";
let id: string, eni: string, group: string, vpc: string, list: string;
before(async () => {
  await box.up();
  id = (await box.ec2.send(new ec2.RunInstancesCommand({ ImageId: await findImage(box, "al2023-ami-*"), InstanceType: "t3.micro", MinCount: 1, MaxCount: 1 }))).Instances![0]!.InstanceId!;
  await waitForState(box, id, "running");
  const instance = await findInstance(box, id);
  [eni, group, vpc] = [instance.NetworkInterfaces![0]!.NetworkInterfaceId!, instance.SecurityGroups![0]!.GroupId!, instance.VpcId!];
  list = (await box.ec2.send(new ec2.CreateManagedPrefixListCommand({ PrefixListName: "hosts", AddressFamily: "IPv4", MaxEntries: 5, Entries: [{ Cidr: `${FIRST}/32` }] }))).PrefixList!.PrefixListId!;
  await settled();
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const shown = async (): Promise<ec2.ManagedPrefixList> => (await box.ec2.send(new ec2.DescribeManagedPrefixListsCommand({ PrefixListIds: [list] }))).PrefixLists![0]!;
const settled = (): Promise<unknown> => until("the list is there", async () => (/-complete$/.test((await shown()).State!) ? true : undefined));
async function change(entries: Partial<ec2.ModifyManagedPrefixListCommandInput>): Promise<void> {
  await box.ec2.send(new ec2.ModifyManagedPrefixListCommand({ PrefixListId: list, CurrentVersion: (await shown()).Version!, ...entries }));
  await settled();
}
const reached = (): Promise<boolean[]> => Promise.all([FIRST, SECOND].map((host) => pings(box, id, host)));
const drops = async (reason: string): Promise<number> => (await box.drops()).get(`${eni} ${reason}`) ?? 0;

test("a rule by prefix list: its entries pass, others do not; an entry that is added or taken out counts for the next packet", async () => {
  const everything = { GroupId: group, IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: ANYWHERE }] }] };
  assert.deepEqual(await reached(), [true, true]);
  await box.ec2.send(new ec2.RevokeSecurityGroupEgressCommand(everything));
  await box.ec2.send(new ec2.AuthorizeSecurityGroupEgressCommand({ GroupId: group, IpPermissions: [{ IpProtocol: "icmp", FromPort: -1, ToPort: -1, PrefixListIds: [{ PrefixListId: list }] }] }));
  const before = await drops("GROUP_EGRESS");
  assert.deepEqual(await reached(), [true, false]);
  assert.equal(await drops("GROUP_EGRESS"), before + 1);
  await change({ AddEntries: [{ Cidr: `${SECOND}/32` }] });
  assert.deepEqual(await reached(), [true, true]);
  await change({ RemoveEntries: [{ Cidr: `${FIRST}/32` }] });
  assert.deepEqual(await reached(), [false, true]);
  await change({ AddEntries: [{ Cidr: `${FIRST}/32` }], RemoveEntries: [{ Cidr: `${SECOND}/32` }] });
  await box.ec2.send(new ec2.AuthorizeSecurityGroupEgressCommand(everything));
});

test("a route by prefix list: its entries have the way out, others none; so as the list changes", async () => {
  const [table] = (await box.ec2.send(new ec2.DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpc] }, { Name: "association.main", Values: ["true"] }] }))).RouteTables!;
  const RouteTableId = table!.RouteTableId!, GatewayId = table!.Routes!.find((one) => one.DestinationCidrBlock === ANYWHERE)!.GatewayId!;
  await box.ec2.send(new ec2.DeleteRouteCommand({ RouteTableId, DestinationCidrBlock: ANYWHERE }));
  assert.deepEqual(await reached(), [false, false]);
  await box.ec2.send(new ec2.CreateRouteCommand({ RouteTableId, DestinationPrefixListId: list, GatewayId }));
  const before = await drops("NO_ROUTE");
  assert.deepEqual(await reached(), [true, false]);
  assert.equal(await drops("NO_ROUTE"), before + 1);
  await change({ AddEntries: [{ Cidr: "192.0.2.82/31" }] });
  assert.deepEqual(await reached(), [true, true]);
  await box.ec2.send(new ec2.DeleteRouteCommand({ RouteTableId, DestinationPrefixListId: list }));
  assert.deepEqual(await reached(), [false, false]);
});
