// Owns user data as a user gives it, on running instances: every form cloud-init knows and this box offers, what it leaves behind, that
// it is done once, and what bad user data gets.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Box, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage, instanceState, waitForState } from "../support/nat-network.ts";

const box = new Box();
let image: string;

before(async () => {
  await box.up();
  image = await findImage(box, "al2023-ami-*");
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

let files = 0;
async function launch(userData: string | Buffer, awaited = "running"): Promise<string> {
  const path = join(box.stateDir, `user-data-${files++}`);
  writeFileSync(path, userData);
  const { Instances } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--user-data", `fileb://${path}`);
  await waitForState(box, Instances[0]!.InstanceId, awaited);
  return Instances[0]!.InstanceId;
}
const finished = (id: string) => box.exec(id, "cloud-init", "status", "--wait");
async function said(id: string, command: string): Promise<string> {
  const result = await box.exec(id, "sh", "-c", command);
  assert.equal(result.status, 0, `${command}: ${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}

test("#cloud-config: users, keys, files, packages, commands, host name; once", async () => {
  const id = await launch(`#cloud-config
hostname: web-1
timezone: Europe/Zurich
groups: [ops, {deploy: [ec2-user]}]
users:
  - default
  - name: amy
    gecos: Amy
    groups: [wheel, ops]
    sudo: ALL=(ALL) NOPASSWD:ALL
    shell: /bin/bash
    ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKeyOfAmy amy@home]
  - {name: robot, system: true, shell: /usr/sbin/nologin}
ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMoreForDefault more@home]
write_files:
  - {path: /etc/motd.d/deep/note, content: "it's here\\n", permissions: '0640', owner: 'root:wheel'}
  - {path: /home/amy/mine, encoding: b64, content: ${Buffer.from("mine\n").toString("base64")}, owner: 'amy:amy', defer: true}
package_update: true
packages: [jq, iptables-services]
bootcmd: ['echo boot-$INSTANCE_ID >> /root/boots']
runcmd:
  - [sh, -c, "echo list > /root/run"]
  - echo line >> /root/run; command -v iptables-save >> /root/run
  - test -d /usr/libexec/iptables && echo packages-came-first >> /root/run
final_message: all of it is done
`);
  assert.equal((await finished(id)).stdout, "status: done\n", (await box.exec(id, "cat", "/var/log/cloud-init-output.log")).stdout);
  assert.equal(await said(id, "hostname; cat /etc/hostname; date +%Z | grep -c CE"), "web-1\nweb-1\n1");
  assert.equal(await said(id, "id -nG amy; sudo -u amy sudo id -un; getent group deploy | cut -d: -f4; id -un robot"), "amy wheel ops\nroot\nec2-user\nrobot");
  assert.equal(await said(id, "cat /home/amy/.ssh/authorized_keys; stat -c '%U %a' /home/amy/.ssh/authorized_keys /home/amy/.ssh"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKeyOfAmy amy@home\namy 600\namy 700");
  assert.match(await said(id, "cat /home/ec2-user/.ssh/authorized_keys"), /MoreForDefault/);
  assert.equal(await said(id, "cat /etc/motd.d/deep/note; stat -c '%U:%G %a' /etc/motd.d/deep/note; cat /home/amy/mine; stat -c %U /home/amy/mine"), "it's here\nroot:wheel 640\nmine\namy");
  assert.equal(await said(id, "cat /root/run"), "list\nline\n/usr/sbin/iptables-save\npackages-came-first");
  assert.equal(await said(id, "cat /root/boots"), `boot-${id}`);
  const log = await said(id, "cat /var/log/cloud-init-output.log");
  assert.match(log, /running 'init' at [^]*Installed:\n  iptables-services[^]*all of it is done/);
  const { stdout } = await box.vpcbox("console-output", id);
  assert.match(stdout, /all of it is done/);

  await box.aws("ec2", "reboot-instances", "--instance-ids", id);
  await until("it boots again", async () => ((await box.exec(id, "wc", "-l", "/root/boots")).stdout.startsWith("2") ? true : undefined));
  assert.equal((await finished(id)).stdout, "status: done\n");
  assert.equal(await said(id, "grep -c line /root/run; hostname"), "1\nweb-1", "bootcmd ran again, runcmd did not");
});

test("multi-part, packed by gzip: script, boot hook and configuration", async () => {
  const message = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="BOUNDARY"

--BOUNDARY
Content-Type: text/x-shellscript; charset="us-ascii"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="one.py"

${Buffer.from("#!/usr/bin/python3\nimport os\nopen('/root/out','a').write('python ' + os.environ['INSTANCE_ID'] + '\\n')\n").toString("base64")}
--BOUNDARY
Content-Type: text/cloud-boothook

#cloud-boothook
#!/bin/sh
echo hook >> /root/out
--BOUNDARY
Content-Type: text/cloud-config

runcmd: [echo run >> /root/out]
--BOUNDARY--
`;
  const id = await launch(gzipSync(message));
  assert.equal((await finished(id)).stdout, "status: done\n");
  assert.equal(await said(id, "cat /root/out"), `hook\npython ${id}\nrun`);
  assert.equal(await said(id, "TOKEN=$(curl -sX PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'); curl -s -H \"X-aws-ec2-metadata-token: $TOKEN\" http://169.254.169.254/latest/user-data | gunzip | head -c 12"), "MIME-Version");
});

test("a script that fails, and user data that is none, are said and stop nothing", async () => {
  const [failing, none, broken] = await Promise.all([launch("#!/bin/bash\necho before\nfalse_command\nexit 3\n"), launch("just text"), launch("#cloud-config\nruncmd: [a\n")]);
  const result = await finished(failing!);
  assert.equal(result.stdout, "status: error\n");
  assert.equal(result.status, 1);
  assert.match(await said(failing!, "cat /var/log/cloud-init-output.log"), /^before\n.*false_command: command not found\nFailed to run .*part-001: exit status 3\nFailed to run module scripts_user/m);
  for (const [id, words] of [[none!, /Unhandled non-multipart/], [broken!, /Failed loading yaml blob/]] as const) {
    await finished(id);
    assert.match(await said(id, "cat /var/log/cloud-init-output.log"), words);
    assert.equal(await said(id, "systemctl is-active sshd"), "active");
    assert.equal(await instanceState(box, id), "running");
  }
});

test("more than 16 KB is refused and nothing is launched", async () => {
  const before = (await box.aws<{ Reservations: unknown[] }>("ec2", "describe-instances")).Reservations.length;
  await assert.rejects(launch(`#!/bin/sh\n#${"x".repeat(16384)}`), /InvalidParameterValue.*User data is limited to 16384 bytes/);
  assert.equal((await box.aws<{ Reservations: unknown[] }>("ec2", "describe-instances")).Reservations.length, before);
});

test("the commands that scripts count on do enough for them to go on, and say honestly what they do not", async () => {
  const id = await launch("#!/bin/bash\nyum update -y && dnf -y install jq && hostnamectl set-hostname web.corp.example && ec2-metadata -i && netstat -rn && systemctl is-active sshd && service sshd status && chkconfig sshd && echo all of them\n");
  assert.equal((await finished(id)).stdout, "status: done\n");
  const log = await said(id, "cat /var/log/cloud-init-output.log");
  assert.match(log, new RegExp(`Complete![^]*jq is already installed[^]*instance-id: ${id}[^]*0\\.0\\.0\\.0 +172\\.31\\.[^]*^active$[^]*Active: active \\(running\\)[^]*^all of them$`, "m"));
  await box.aws("ec2", "reboot-instances", "--instance-ids", id);
  await until("its name is the one it was given", async () => ((await box.exec(id, "hostname")).stdout === "web.corp.example\n" ? true : undefined));
  assert.match(await said(id, "hostnamectl; journalctl -u sshd -n 5"), /Static hostname: web\.corp\.example[^]*Operating System: Amazon Linux 2023/);
  for (const [command, words, status] of [
    ["yum install -y kubectl", /No match for argument: kubectl[^]*Unable to find a match: kubectl/, 1], ["dnf copr enable x", /No such command: copr/, 1], ["systemctl start docker", /Unit docker\.service not found/, 5],
    ["systemctl isolate rescue.target", /Unknown operation isolate/, 1], ["service sshd rotate", /supports only basic LSB actions/, 2], ["journalctl --since today", /unrecognized option '--since'/, 1],
    ["hostnamectl set-hostname 'a b'", /Invalid static hostname/, 1], ["mount /dev/xvdf /mnt", /./, 32], ["date -s 2001-01-01", /Operation not permitted/, 1],
  ] as const) {
    const refused = await box.exec(id, "sh", "-c", command);
    assert.match(refused.stdout + refused.stderr, words, command);
    assert.equal(refused.status, status, command);
  }
});

test("power_state ends the instance as its shutdown behaviour says", async () => {
  await launch("#cloud-config\npower_state: {mode: poweroff}\n", "stopped");
});
