// Owns the proof that guests boot, are whole systems inside and nobody outside, keep their disks, become images, and leave nothing.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Finished } from "../linux/exec.ts";
import { addVethPairs, ipBatch } from "../linux/link.ts";
import { mountsUnder } from "../linux/mount.ts";
import { createNetns, deleteNetns } from "../linux/netns.ts";
import { releaseControllers } from "./controllers.ts";
import { openGuests, type RuncGuests } from "./guests.ts";
import type { GuestSpec } from "./guest.ts";

const box = `t-${randomBytes(4).toString("hex")}`;
const runDir = `/run/vpcbox/${box}`;
const fabric = join(runDir, "netns", "fabric");
const stateDir = mkdtempSync(join(tmpdir(), "vpcbox-instances-"));
let guests: RuncGuests;
let key: string;

before(async () => {
  guests = openGuests({ box, runDir, stateDir });
  await guests.ensureBaseImages();
  await createNetns(fabric);
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(stateDir, "key")]);
  key = readFileSync(join(stateDir, "key.pub"), "utf8").trim();
});
after(async () => {
  for (const guest of await guests.read()) await guests.remove(guest.instanceId);
  guests.close();
  releaseControllers(box);
  await deleteNetns(fabric);
  const left = mountsUnder(runDir);
  rmSync(runDir, { recursive: true, force: true });
  rmSync(stateDir, { recursive: true, force: true });
  assert.deepEqual(left, []);
});

const specOf = (number: number, more: Partial<GuestSpec> = {}): GuestSpec => ({
  instanceId: `i-${String(number).padStart(17, "0")}`, index: number, bootNumber: 1, layers: ["al2"], hostname: `ip-10-0-${number}-10.ec2.internal`, nameservers: ["10.0.0.2"],
  searchDomains: ["ec2.internal"], region: "us-east-1", instanceType: "t3.micro", publicKey: key, memoryMiB: 1024, vcpus: 2, diskGiB: 1,
  interfaces: [{ id: `eni-${number}`, link: `vb${number}`, device: "eth0", mac: `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`, address: `10.0.${number}.10`, moreAddresses: [], prefixLength: 24, gateway: `10.0.${number}.1` }],
  ...more,
});

/** As the reconciler does it; the fabric's end of the link gets the gateway's address, so that the test can talk to the guest. */
async function boot(spec: GuestSpec): Promise<void> {
  const netns = await guests.prepare(spec);
  const eth0 = spec.interfaces[0]!;
  addVethPairs(fabric, [{ outer: eth0.link, inner: "eth0", innerNetns: netns, innerMac: eth0.mac, mtu: 1500, addresses: [`${eth0.address}/24`], routes: [{ via: eth0.gateway }] }]);
  await ipBatch(fabric, [`addr add ${eth0.gateway}/24 dev ${eth0.link}`]);
  await guests.start(spec);
}

const anyStatus = Array.from({ length: 256 }, (_, status) => status);
const inside = (spec: GuestSpec, command: string, user = "root"): Promise<Finished> =>
  run(guests.execArgv(spec.instanceId, user, false, ["sh", "-c", command]), { okStatuses: anyStatus });
async function said(spec: GuestSpec, command: string, user = "root"): Promise<string> {
  const { stdout, stderr, status } = await inside(spec, command, user);
  assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
  return stdout.trim();
}
const booted = (spec: GuestSpec): Promise<string> => said(spec, "for i in $(seq 200); do systemctl is-active -q sshd && [ -n \"$(ss -Hltn sport = :22)\" ] && exit; sleep 0.05; done; exit 1");
async function consoleSays(spec: GuestSpec, words: RegExp): Promise<void> {
  for (let i = 0; !words.test((await guests.consoleOutput(spec.instanceId))?.text ?? ""); i++) {
    assert.ok(i < 1200, `${words}: ${(await guests.consoleOutput(spec.instanceId))?.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const statusOf = async (spec: GuestSpec): Promise<string | undefined> => (await guests.read()).find((g) => g.instanceId === spec.instanceId)?.status;

test("a guest is root inside and nobody outside", async () => {
  const spec = specOf(1);
  await boot(spec);
  const read = (await guests.read()).find((g) => g.instanceId === spec.instanceId)!;
  assert.deepEqual({ ...read, pid: 0 }, { instanceId: spec.instanceId, status: "running", bootNumber: 1, pid: 0 });
  assert.ok(statSync(`/proc/${read.pid}`).uid >= 0x70000000, "its init is one of the ids above every other");
  assert.deepEqual([...mountsUnder(runDir), ...mountsUnder(stateDir)].filter((path) => path.includes(spec.instanceId)), [join(runDir, "guests", spec.instanceId, "net")], "one mount of the machine: each costs every boot");
  assert.equal(await said(spec, "id -u"), "0");
  assert.equal(await said(spec, "hostname"), spec.hostname);
  assert.equal(await said(spec, "cat /etc/system-release"), "Amazon Linux 2 (vpcbox)");
  await run(["nsenter", `--net=${fabric}`, "ping", "-c", "1", "-W", "2", "10.0.1.10"]);

  const own = await said(spec, "ls /home /root /srv /opt /usr/local/bin; cat /etc/passwd");
  assert.doesNotMatch(own, /node|^root\/.+/m);
  for (const name of readdirSync("/home")) if (name !== "ec2-user") assert.ok(!own.includes(name), `the machine's /home/${name} does not show`);
  assert.notEqual((await inside(spec, "unshare --user true")).status, 0);
  assert.notEqual((await inside(spec, "mkdir -p /tmp/m && mount -t tmpfs none /tmp/m")).status, 0);
  assert.notEqual((await inside(spec, "echo 1 > /proc/sys/kernel/sysrq")).status, 0);
  assert.equal(await said(spec, "dmesg 2>&1 || true").then((text) => /Operation not permitted/.test(text)), true);

  await said(spec, "echo mine > /usr/bin/made-by-guest; rm /usr/bin/true; echo x >> /usr/bin/env");
  assert.ok(!existsSync("/usr/bin/made-by-guest") && existsSync("/usr/bin/true"), "its /usr is its own");
});

test("the guide's commands, as root and as ec2-user", async () => {
  const spec = specOf(1);
  await booted(spec);
  assert.equal(await said(spec, "cat /proc/sys/net/ipv4/ip_forward"), "0", "whatever this machine's own setting is");
  const refused = await inside(spec, "service iptables save");
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /^The service command supports only basic LSB actions/);
  assert.match((await inside(spec, "systemctl start iptables")).stderr, /Unit iptables.service not found/);
  assert.equal((await inside(spec, "yum install -y no-such-thing")).status, 1);
  assert.match(await said(spec, "yum install -y no-such-thing || true"), /No match for argument: no-such-thing/);

  assert.equal(await said(spec, "sudo sysctl -w net.ipv4.ip_forward=1", "ec2-user"), "net.ipv4.ip_forward = 1");
  await said(spec, "sudo iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE", "ec2-user");
  assert.match(await said(spec, "sudo yum install iptables-services -y", "ec2-user"), /Installed:\n  iptables-services/);
  assert.match(await said(spec, "sudo yum install iptables-services -y", "ec2-user"), /already installed/);
  assert.equal(await said(spec, "sudo service iptables save", "ec2-user"), "iptables: Saving firewall rules to /etc/sysconfig/iptables: [  OK  ]");
  assert.match(await said(spec, "iptables -t nat -L POSTROUTING -n"), /MASQUERADE/);
  assert.match(await said(spec, "netstat -i"), /^eth0 +1500/m);
  assert.match(await said(spec, "ip link show dev eth0; ip -br link; ip -o a"), /^2: eth0: <[^]*^eth0 +UP[^]*^2: eth0 +inet /m, "a network card has no other end");
  assert.equal(await said(spec, "ip -j link show dev eth0 | jq -r .[0].ifname; ip link show dev eth7 2>&1; echo $?"), "eth0\nDevice \"eth7\" does not exist.\n1");
  assert.equal(await said(spec, "systemctl is-enabled iptables"), "enabled");
  assert.match((await inside(spec, "systemctl restart iptables; echo $?; iptables-save -t nat")).stdout, /^0\n[^]*MASQUERADE/);
  await said(spec, "ping -c 1 -W 2 10.0.1.1", "ec2-user");
  assert.equal((await inside(spec, "exit 7", "ec2-user")).status, 7);
  assert.equal(await said(spec, "pwd; id -un", "ec2-user"), "/home/ec2-user\nec2-user");
});

test("ssh with the instance's key, sudo behind it; the console shows the host's keys", async () => {
  const spec = specOf(1);
  const ssh = (user: string): Promise<Finished> => run(["nsenter", `--net=${fabric}`, "ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
    "-o", "ConnectTimeout=5", "-tt", "-i", join(stateDir, "key"), `${user}@10.0.1.10`, "sudo id -un; which sysctl; tty"], { okStatuses: anyStatus });
  const { stdout, stderr } = await ssh("ec2-user");
  assert.match(stdout, /^root\r\n\/usr\/sbin\/sysctl\r\n\/dev\/pts\/0/, stderr);
  assert.equal((await ssh("root")).status, 255);
  const log = (await guests.consoleOutput(spec.instanceId))!.text;
  assert.match(log, /-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 SHA256:\S+ \S+ \(ECDSA\)\n256 SHA256:\S+ \S+ \(ED25519\)\n-----END/);
});

test("an image of it forwards and translates from its first boot, with keys of its own", async () => {
  const source = specOf(1);
  await said(source, "echo kept > /root/kept; echo gone > /tmp/gone; ln -s /etc /root/link");
  const layers = await guests.capture(source.instanceId, "ami-1");
  assert.deepEqual(layers, ["al2", "ami-1"]);
  assert.equal(await said(source, "cat /root/kept"), "kept", "it goes on after the capture");
  assert.equal(await said(source, "systemctl is-active sshd"), "active");
  const spec = specOf(2, { layers });
  await boot(spec);
  await booted(spec);
  assert.equal(await said(spec, "cat /proc/sys/net/ipv4/ip_forward"), "1");
  assert.match(await said(spec, "iptables-save -t nat"), /-A POSTROUTING -o eth0 -j MASQUERADE/);
  assert.equal(await said(spec, "cat /root/kept; ls /tmp; [ -e /usr/bin/true ] || echo without"), "kept\nwithout");
  assert.equal(await said(spec, "hostname; cat /etc/hostname"), `${spec.hostname}\n${spec.hostname}`);
  const fingerprint = "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2";
  assert.notEqual(await said(spec, fingerprint), await said(source, fingerprint));
  await guests.remove(spec.instanceId);
  await guests.removeLayer("ami-1");
  assert.ok(!existsSync(join(stateDir, "layers", "ami-1")));
});

test("stop and start keep the disk and nothing else", async () => {
  const spec = specOf(1);
  const fingerprint = await said(spec, "cat /etc/ssh/ssh_host_ed25519_key.pub");
  await guests.stop(spec.instanceId);
  assert.equal(await statusOf(spec), "stopped");
  assert.ok(!existsSync(join(runDir, "guests", spec.instanceId)));
  await guests.stop(spec.instanceId);
  const again = { ...spec, bootNumber: 2 };
  await boot(again);
  await booted(again);
  assert.equal((await guests.read()).find((g) => g.instanceId === spec.instanceId)?.bootNumber, 2);
  assert.equal(await said(again, "cat /root/kept"), "kept");
  assert.equal(await said(again, "cat /etc/ssh/ssh_host_ed25519_key.pub"), fingerprint);
  assert.equal(await said(again, "cat /proc/sys/net/ipv4/ip_forward"), "0", "sysctl -w is forgotten");
  assert.match(await said(again, "iptables-save -t nat"), /MASQUERADE/, "saved rules are not");
});

test("a guest outlives whoever started it, and its end is told", async () => {
  const spec = { ...specOf(1), bootNumber: 2 };
  const other = openGuests({ box, runDir, stateDir });
  const ended = new Promise<string>((resolve) => other.onExit(resolve));
  await run(["runc", "--root", join(runDir, "runc"), "pause", spec.instanceId]); // killed in the middle of a capture
  writeFileSync(join(runDir, "guests", spec.instanceId, "frozen"), "");
  assert.equal((await other.read()).find((g) => g.instanceId === spec.instanceId)?.status, "running");
  await inside(spec, "sudo poweroff", "ec2-user"); // which ends with everything else there
  assert.equal(await ended, spec.instanceId);
  assert.equal(await statusOf(spec), "stopped");
  other.close();
  await guests.remove(spec.instanceId);
});

test("user data runs once; hostile disks lead nowhere; the NAT image needs nothing", async () => {
  const userData = Buffer.from("#!/bin/bash\necho from user data $(id -un)\necho once >> /root/runs\nrm -rf /etc/ssh/../sysctl.d /etc/vpcbox\nln -s /etc /etc/sysctl.d\nmkdir /etc/vpcbox; mkfifo /etc/vpcbox/static-hostname\n").toString("base64");
  const spec = specOf(3, { layers: ["nat"], userData });
  await boot(spec);
  await booted(spec);
  assert.equal(await said(spec, "cat /proc/sys/net/ipv4/ip_forward"), "1");
  assert.match(await said(spec, "iptables-save -t nat"), /-A POSTROUTING -o eth0 -j MASQUERADE/);
  await said(spec, "for i in $(seq 200); do [ -e /var/lib/cloud/instance/boot-finished ] && exit; sleep 0.05; done; exit 1");
  assert.match((await guests.consoleOutput(spec.instanceId))!.text, /^from user data root$/m);
  assert.deepEqual(await guests.capture(spec.instanceId, "ami-2"), ["nat", "ami-2"]);
  assert.ok(!existsSync("/etc/50-image.conf"), "nothing was written through the guest's link");
  await guests.stop(spec.instanceId);
  const again = { ...spec, bootNumber: 2 };
  await boot(again);
  await booted(again);
  assert.equal(await said(again, "cat /root/runs; hostname"), `once\n${spec.hostname}`);
  await guests.remove(spec.instanceId);
  await guests.removeLayer("ami-2");
});

test("CDK's user data for a NAT instance; a stopped guest becomes an image", async () => {
  const userData = Buffer.from(`#!/bin/bash
yum install iptables-services -y
systemctl enable iptables
systemctl start iptables
echo "net.ipv4.ip_forward=1" > /etc/sysctl.d/custom-ip-forwarding.conf
sudo sysctl -p /etc/sysctl.d/custom-ip-forwarding.conf
sudo /sbin/iptables -t nat -A POSTROUTING -o $(route -n | awk '/^0.0.0.0/{print $NF}') -j MASQUERADE
sudo /sbin/iptables -F FORWARD
sudo service iptables save
rm -rf /etc/profile.d; mkdir /etc/profile.d
`).toString("base64");
  const source = specOf(5, { layers: ["al2023"], userData });
  await boot(source);
  await said(source, "for i in $(seq 400); do [ -e /var/lib/cloud/instance/boot-finished ] && exit; sleep 0.05; done; exit 1");
  assert.match(await said(source, "iptables -S"), /-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT/);
  await guests.stop(source.instanceId);
  const layers = await guests.capture(source.instanceId, "ami-3");
  const spec = specOf(6, { layers });
  await boot(spec);
  await booted(spec);
  assert.equal(await said(spec, "cat /proc/sys/net/ipv4/ip_forward"), "1");
  const rules = await said(spec, "iptables-save");
  assert.match(rules, /-A POSTROUTING -o eth0 -j MASQUERADE/);
  assert.match(rules, /-A INPUT -j REJECT --reject-with icmp-host-prohibited/);
  assert.doesNotMatch(rules, /-A FORWARD/);
  await Promise.all([source, spec].map((s) => guests.remove(s.instanceId)));
  await guests.removeLayer("ami-3");
});

test("a boot starts few programs, and units of every kind do what their files say, at boot and by systemctl", async () => {
  const spec = specOf(7, { layers: ["al2023"] });
  await boot(spec);
  await consoleSays(spec, /login: \n$/);
  assert.ok(Number(await said(spec, "echo $$")) < 20, "every process of the boot had a number before this one");
  if (existsSync("/proc/sys/net/ipv4/tcp_pingpong_thresh")) assert.equal(await said(spec, "cat /proc/sys/net/ipv4/tcp_pingpong_thresh"), "16");
  assert.equal(await said(spec, "stat -c '%U %a' ~ec2-user/.ssh ~ec2-user/.ssh/authorized_keys; cat ~ec2-user/.ssh/authorized_keys; stat -c '%U %a' /etc/ssh/ssh_host_ed25519_key"), `ec2-user 700\nec2-user 600\n${key}\nroot 600`);
  assert.match(await said(spec, "cat /var/log/cloud-init-output.log; cloud-init status"), /^Cloud-init v\. \S+ \(vpcbox\) finished at [^\n]*\nstatus: done$/);

  const unit = (name: string, lines: string): Promise<string> => said(spec, `printf '%s\n' '[Service]' ${lines} '[Install]' WantedBy=multi-user.target > /etc/systemd/system/${name}.service; systemctl enable -q ${name}`);
  await unit("asks", `"Type = oneshot" "RemainAfterExit= yes" 'Environment="A=one"' EnvironmentFile=-/nowhere EnvironmentFile=/etc/asks WorkingDirectory=/srv 'ExecStartPre=/bin/sh -c "echo first > /root/asked"' 'ExecStart=/bin/sh -c "echo $A $B $PWD >> /root/asked"'`);
  await unit("serves", "User=ec2-user 'ExecStart=/bin/sleep 1000' 'ExecReload=/bin/kill -HUP $MAINPID'");
  await unit("fails", "Type=oneshot ExecStartPre=-/bin/false ExecStart=/bin/false");
  await said(spec, "echo B=two > /etc/asks");
  const states = "cat /root/asked; systemctl is-active asks serves fails sshd; ps -o user=,args= -C sleep | grep 1000; systemctl status fails | grep Active";
  const wanted = "first\none two /srv\nactive\nactive\nfailed\nactive\nec2-user /bin/sleep 1000\n     Active: failed";
  assert.equal((await inside(spec, `systemctl start asks serves fails; ${states}`)).stdout.trim(), wanted);
  await guests.stop(spec.instanceId);
  await boot({ ...spec, bootNumber: 2 });
  await consoleSays(spec, /OK {2}\] Started sshd\.service\.\n.*OK {2}\] Started asks\.service\.\n[^]*\[FAILED\] Failed to start fails\.service\.\n\[ {2}OK {2}\] Started serves\.service\.\n[^]*login: \n$/);
  assert.equal((await inside(spec, states)).stdout.trim(), wanted);
  const sshd = await said(spec, "cat /run/systemd/units/sshd.service.pid");
  await said(spec, "systemctl restart sshd");
  await booted(spec);
  assert.notEqual(await said(spec, "cat /run/systemd/units/sshd.service.pid"), sshd);
  assert.equal(await said(spec, "systemctl reload serves; for i in $(seq 200); do systemctl -q is-active serves || exit 0; sleep 0.05; done; echo still"), "", "$MAINPID is its first process");

  const fingerprint = await said(spec, "cat /etc/ssh/ssh_host_ed25519_key.pub");
  await inside(spec, "cloud-init clean; ln -sf /nowhere/at-all /etc/resolv.conf; reboot"); // which ends with everything else there
  while ((await statusOf(spec)) === "running") await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(await guests.endOf(spec.instanceId), "reboot");
  await guests.stop(spec.instanceId);
  await boot({ ...spec, bootNumber: 3 });
  await consoleSays(spec, /Rebooting\.\n[^]*END SSH HOST KEY KEYS[^]*login: \n$/);
  assert.notEqual(await said(spec, "cat /etc/ssh/ssh_host_ed25519_key.pub"), fingerprint, "a first boot again");
  assert.equal(await said(spec, "cat ~ec2-user/.ssh/authorized_keys; tail -n 1 /etc/resolv.conf"), `${key}\nnameserver 10.0.0.2`);
  await guests.remove(spec.instanceId);
});

test("what a kill left in the middle is finished or removed", async () => {
  const spec = specOf(4, { layers: ["al2023"] });
  await guests.prepare(spec);
  assert.equal(await guests.prepare(spec), join(runDir, "guests", spec.instanceId, "net"));
  assert.equal(await statusOf(spec), "stopped");
  await guests.start(spec);
  const pid = (await guests.read()).find((g) => g.instanceId === spec.instanceId)!.pid;
  process.kill(pid, "SIGKILL");
  for (let i = 0; i < 200 && (await statusOf(spec)) === "running"; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(await statusOf(spec), "stopped");
  await guests.start(spec); // over the leftovers
  await booted(spec);
  assert.match(await said(spec, "cat /etc/os-release"), /Amazon Linux 2023 \(vpcbox\)/);
  await guests.remove(spec.instanceId);
  assert.equal(await statusOf(spec), undefined);
  assert.deepEqual(mountsUnder(join(runDir, "guests")), []);
  assert.deepEqual(readdirSync(join(runDir, "guests")), []);
  assert.deepEqual(readdirSync(join(stateDir, "guests")), []);
});
