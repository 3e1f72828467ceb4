// Owns the idle times of tracked connections on the wire: set at creation, at launch and later, shown as AWS shows them, bounded.

import { test } from "node:test";
import assert from "node:assert/strict";
import { refused, smallNetwork } from "../../../test/support/memory-context.ts";
import { runInstances } from "../instance/run-instances.ts";
import { createNetworkInterface } from "./create-network-interface.ts";
import { describeNetworkInterfaces } from "./describe-network-interfaces.ts";
import { modifyNetworkInterfaceAttribute } from "./modify-network-interface-attribute.ts";

test("ConnectionTrackingSpecification is set, changed and shown; out of bounds it is refused", async () => {
  const n = smallNetwork();
  const shown = async (id: string) => (await describeNetworkInterfaces({ NetworkInterfaceIds: [id] }, n.ctx)).NetworkInterfaces![0]!.ConnectionTrackingConfiguration;
  const make = (extra: object = {}) => createNetworkInterface({ SubnetId: n.publicSubnet, ...extra }, n.ctx);
  const plain = (await make()).NetworkInterface!.NetworkInterfaceId!;
  assert.equal(await shown(plain), undefined);
  const { NetworkInterface: made } = await make({ ConnectionTrackingSpecification: { TcpEstablishedTimeout: 350, UdpTimeout: 45 } });
  assert.deepEqual({ ...(await shown(made!.NetworkInterfaceId!)) }, { TcpEstablishedTimeout: 350, UdpStreamTimeout: undefined, UdpTimeout: 45 });
  await modifyNetworkInterfaceAttribute({ NetworkInterfaceId: plain, ConnectionTrackingSpecification: { UdpStreamTimeout: 60 } }, n.ctx);
  assert.equal((await shown(plain))!.UdpStreamTimeout, 60);
  const { Instances } = await runInstances({ MinCount: 1, MaxCount: 1, InstanceType: "t3.micro", ImageId: n.image, NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: n.publicSubnet, ConnectionTrackingSpecification: { TcpEstablishedTimeout: 60 } }] }, n.ctx);
  assert.equal(Instances![0]!.NetworkInterfaces![0]!.ConnectionTrackingConfiguration!.TcpEstablishedTimeout, 60);
  for (const bad of [{ TcpEstablishedTimeout: 59 }, { TcpEstablishedTimeout: 432_001 }, { UdpStreamTimeout: 181 }, { UdpTimeout: 29 }, { UdpTimeout: 61 }])
    await refused(n.ctx, () => make({ ConnectionTrackingSpecification: bad }), "InvalidParameterValue", /Valid values are between/);
});
