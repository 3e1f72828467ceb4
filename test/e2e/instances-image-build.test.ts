// Owns `vpcbox image build` from Debian's packages to a login in what was launched of it. Needs the network that apt needs, as the set-up does.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AuthorizeSecurityGroupIngressCommand, CreateKeyPairCommand, DescribeImagesCommand, DescribeSecurityGroupsCommand, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { Box, cli, run, until, type Result } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { waitForState } from "../support/nat-network.ts";

const box = new Box();
before(() => box.up());
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

test("a Debian of its packages: built, launched, logged in to; it has what was asked for, and its own system", { timeout: 900_000 }, async (t) => {
  const built = await run(cli, ["--box", box.name, "image", "build", "own-debian", "tree"], { timeoutMs: 800_000 });
  if (/apt-get update failed|could not fetch/.test(built.stderr)) return t.skip(`apt fetches nothing here: ${built.stderr.trim().split("\n").at(-1)}`);
  assert.equal(built.status, 0, built.stderr);
  assert.match(built.stdout, /^ami-[0-9a-f]{17}\n$/);
  const image = built.stdout.trim();
  const { Images } = await box.ec2.send(new DescribeImagesCommand({ Owners: ["self"] }));
  assert.deepEqual(Images!.map((i) => [i.ImageId, i.Name, i.State]), [[image, "own-debian", "available"]]);

  const keyFile = join(box.stateDir, "builder.pem");
  writeFileSync(keyFile, (await box.ec2.send(new CreateKeyPairCommand({ KeyName: "builder" }))).KeyMaterial!, { mode: 0o600 });
  const { SecurityGroups } = await box.ec2.send(new DescribeSecurityGroupsCommand({ GroupNames: ["default"] }));
  await box.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: SecurityGroups![0]!.GroupId!, IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] }));
  const { Instances } = await box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", KeyName: "builder", MinCount: 1, MaxCount: 1 }));
  const id = Instances![0]!.InstanceId!;
  await waitForState(box, id, "running");
  const logIn = (): Promise<Result> => box.vpcbox("ssh", id, "-i", keyFile, "--", ". /etc/os-release; echo $ID; hostname; tree --version; dpkg-query -W -f '${Status}\\n' openssh-server; ls /usr/bin/node /usr/bin/aws 2>&1 | grep -c 'No such'");
  const login = await until("its sshd answers", async () => { const result = await logIn(); return /refused/.test(result.stderr) ? undefined : result; });
  assert.equal(login.status, 0, login.stderr);
  assert.match(login.stdout, /^debian\nip-172-31-\d+-\d+\S*\ntree v\d[^\n]*\ninstall ok installed\n2\n$/);
});

test("a package that there is none of: one line, no image", { timeout: 300_000 }, async () => {
  const built = await run(cli, ["--box", box.name, "image", "build", "none", "no-such-package-at-all"], { timeoutMs: 280_000 });
  assert.equal(built.status, 1);
  assert.match(built.stderr, /no-such-package-at-all/);
  assert.deepEqual((await box.ec2.send(new DescribeImagesCommand({ Owners: ["self"], Filters: [{ Name: "name", Values: ["none"] }] }))).Images, []);
});
