// Owns which address a public name means to whom: private inside its VPC and, where its side of a peering says so, in the peer's.

import { test } from "node:test";
import assert from "node:assert/strict";
import { memoryContext } from "../../test/support/memory-context.ts";
import { allocateAddress } from "../ec2/address/allocate-address.ts";
import { associateAddress } from "../ec2/address/associate-address.ts";
import { attachInternetGateway } from "../ec2/internet-gateway/attach-internet-gateway.ts";
import { createInternetGateway } from "../ec2/internet-gateway/create-internet-gateway.ts";
import { createNetworkInterface } from "../ec2/network-interface/create-network-interface.ts";
import { createSubnet } from "../ec2/subnet/create-subnet.ts";
import { createVpc } from "../ec2/vpc/create-vpc.ts";
import { modifyVpcAttribute } from "../ec2/vpc/modify-vpc-attribute.ts";
import { acceptVpcPeeringConnection } from "../ec2/vpc-peering-connection/accept-vpc-peering-connection.ts";
import { createVpcPeeringConnection } from "../ec2/vpc-peering-connection/create-vpc-peering-connection.ts";
import { deleteVpcPeeringConnection } from "../ec2/vpc-peering-connection/delete-vpc-peering-connection.ts";
import { modifyVpcPeeringConnectionOptions } from "../ec2/vpc-peering-connection/modify-vpc-peering-connection-options.ts";
import { publicDnsName } from "../lib/dns-names.ts";
import { answerPrivate } from "./resolver.ts";

test("a peer's public name means a private address once its side allows it, and one way only", async () => {
  const ctx = memoryContext();
  const side = async (n: number): Promise<{ vpc: string; eni: string; publicIp: string }> => {
    const vpc = (await createVpc({ CidrBlock: `10.${n}.0.0/16` }, ctx)).Vpc!.VpcId!;
    await modifyVpcAttribute({ VpcId: vpc, EnableDnsHostnames: { Value: true } }, ctx);
    const subnet = (await createSubnet({ VpcId: vpc, CidrBlock: `10.${n}.0.0/24` }, ctx)).Subnet!.SubnetId!;
    await attachInternetGateway({ VpcId: vpc, InternetGatewayId: (await createInternetGateway({}, ctx)).InternetGateway!.InternetGatewayId! }, ctx);
    const eni = (await createNetworkInterface({ SubnetId: subnet, PrivateIpAddress: `10.${n}.0.10` }, ctx)).NetworkInterface!.NetworkInterfaceId!;
    const address = await allocateAddress({}, ctx);
    await associateAddress({ AllocationId: address.AllocationId!, NetworkInterfaceId: eni }, ctx);
    return { vpc, eni, publicIp: address.PublicIp! };
  };
  const [a, b] = [await side(0), await side(1)];
  const asked = (from: string, publicIp: string): unknown => {
    const snapshot = ctx.snapshot();
    const reply = answerPrivate(snapshot, snapshot.get("network-interface", from)!, { type: "A", name: publicDnsName(publicIp, "us-east-1") });
    return reply && (reply.answers[0] as { data: string }).data;
  };
  assert.deepEqual([asked(a.eni, a.publicIp), asked(a.eni, b.publicIp)], ["10.0.0.10", undefined], "undefined: the internet is asked");
  const VpcPeeringConnectionId = (await createVpcPeeringConnection({ VpcId: a.vpc, PeerVpcId: b.vpc }, ctx)).VpcPeeringConnection!.VpcPeeringConnectionId!;
  await acceptVpcPeeringConnection({ VpcPeeringConnectionId }, ctx);
  assert.equal(asked(a.eni, b.publicIp), undefined);
  await modifyVpcPeeringConnectionOptions({ VpcPeeringConnectionId, AccepterPeeringConnectionOptions: { AllowDnsResolutionFromRemoteVpc: true } }, ctx);
  assert.deepEqual([asked(a.eni, b.publicIp), asked(b.eni, a.publicIp)], ["10.1.0.10", undefined]);
  await deleteVpcPeeringConnection({ VpcPeeringConnectionId }, ctx);
  assert.equal(asked(a.eni, b.publicIp), undefined);
});
