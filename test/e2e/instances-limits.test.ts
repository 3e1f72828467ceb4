// Owns that an instance has what its type has and no more, that what one does to itself leaves the box and the others working, and that
// root inside gets out by none of the known ways.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { DescribeInstancesCommand, DescribeKeyPairsCommand, ImportKeyPairCommand, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { Box, run, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { findImage, instanceState, waitForState } from "../support/nat-network.ts";

const box = new Box();
let image: string;
let quiet: string;
let quietAddress: string;

async function launch(type: string, name: string): Promise<string> {
  const { Instances } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", type, "--tag-specifications", `ResourceType=instance,Tags=[{Key=Name,Value=${name}}]`);
  await waitForState(box, Instances[0]!.InstanceId, "running");
  return Instances[0]!.InstanceId;
}
before(async () => {
  await box.up("--quota", "vcpus-per-region=unlimited");
  const { SecurityGroups } = await box.aws<{ SecurityGroups: { GroupId: string }[] }>("ec2", "describe-security-groups");
  await box.aws("ec2", "authorize-security-group-ingress", "--group-id", SecurityGroups[0]!.GroupId, "--protocol", "icmp", "--port", "-1", "--cidr", "0.0.0.0/0");
  image = await findImage(box, "amzn2-ami-hvm-*");
  quiet = await launch("t3.micro", "quiet");
  quietAddress = (await box.exec(quiet, "hostname", "-I")).stdout.trim();
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

/** The box answers, and an instance that did nothing still does. */
async function othersWork(): Promise<void> {
  assert.equal((await box.awsRaw("ec2", "describe-instances")).status, 0);
  const alive = await box.exec(quiet, "sh", "-c", "echo still > /root/still && ping -c 1 -W 5 ietf.org > /dev/null && cat /root/still");
  assert.equal(alive.stdout, "still\n", alive.stderr);
}

test("a memory hog is ended in its own instance", async () => {
  const id = await launch("t3.nano", "hog");
  const hog = await box.exec(id, "python3", "-c", "x = bytearray(100 << 20); print('small', flush=True); y = b'x' * (2 << 30); print('large')");
  assert.equal(hog.stdout, "small\n");
  assert.notEqual(hog.status, 0);
  const shm = await box.exec(id, "sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=600 2>&1 | tail -n 1");
  assert.match(shm.stdout, /6[0-9]{7} bytes|67 MB/, "what lies in memory has a limit of its own");
  await othersWork();
  await box.aws("ec2", "terminate-instances", "--instance-ids", id);
});

test("a fork bomb stays in its own instance, which can be ended", async () => {
  const id = await launch("t3.micro", "bomb");
  const bomb = `
import os, time
n = 0
try:
    while n < 5000:
        if os.fork() == 0: os.closerange(0, 3); time.sleep(600); os._exit(0)
        n += 1
except BlockingIOError: pass
print(n, flush=True)`;
  const { stdout } = await box.exec(id, "sh", "-c", `python3 -c '${bomb}'; exit 0`);
  assert.ok(Number(stdout) > 100 && Number(stdout) < 512, `${stdout.trim()} processes`);
  const full = await box.exec(id, "sh", "-c", "true & true & true & true & true & wait");
  assert.match(full.stderr, /fork|exec|resource/i, "they are all there yet");
  await othersWork();
  assert.equal(await instanceState(box, quiet), "running");
  const next = await launch("t3.micro", "next");
  assert.equal((await box.exec(next, "true")).status, 0);
  await box.aws("ec2", "terminate-instances", "--instance-ids", id, next);
  await waitForState(box, id, "terminated");
});

test("a full disk is full for one; what its volume has is what it shows", async () => {
  const id = await launch("t3.micro", "disk");
  const size = Number((await box.exec(id, "sh", "-c", "df -m --output=size / | tail -n 1")).stdout);
  assert.ok(size > 7_500 && size <= 8_192, `${size} MiB`);
  const full = await box.exec(id, "sh", "-c", "fallocate -l 7G /one && fallocate -l 2G /two; dd if=/dev/zero of=/three bs=1M count=1200 2>&1");
  assert.match(full.stdout + full.stderr, /No space left on device/);
  await othersWork();
  assert.equal((await box.exec(id, "sh", "-c", "rm -f /one /two /three && echo again > /root/x && cat /root/x")).stdout, "again\n");
  await box.aws("ec2", "terminate-instances", "--instance-ids", id);
});

test("what one writes to its disk fills its own memory, not the machine's", async () => {
  const id = await launch("t3.micro", "writer"), gib = 2 ** 20;
  const cached = (): number => Number(/^Cached:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))![1]);
  const before = cached();
  assert.equal((await box.exec(id, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=3072 2>&1")).status, 0);
  assert.ok(cached() - before < 2 * gib, `${((cached() - before) / gib).toFixed(1)} of 3 GiB stayed in the machine's page cache`);
  await box.aws("ec2", "terminate-instances", "--instance-ids", id);
});

test("a fork bomb, a hog and a full disk at once, beside thirty others: each of them answers, the box boots one more, and they end when told", async (t) => {
  const { Instances: many } = await box.aws<{ Instances: { InstanceId: string; PrivateIpAddress: string }[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--count", "33");
  for (const { InstanceId } of many) await waitForState(box, InstanceId, "running");
  const [bomb, hog, disk, ...others] = many as [typeof many[0], typeof many[0], typeof many[0], ...typeof many];
  const bad = [
    box.exec(bomb.InstanceId, "bash", "-c", "b() { b | b & }; b; sleep 600"),
    box.exec(hog.InstanceId, "sh", "-c", "while :; do python3 -c 'x = b\"x\" * (3 << 30)'; done"),
    box.exec(disk.InstanceId, "sh", "-c", "while :; do dd if=/dev/zero of=/f bs=1M; rm -f /f; done"),
  ];
  t.after(() => Promise.all(bad));
  await until("the disk is full", async () => ((await box.exec(disk.InstanceId, "sh", "-c", "[ $(df --output=pcent / | tail -n 1 | tr -d ' %') -gt 40 ]")).status === 0 ? true : undefined));
  await othersWork();
  const answered = await box.exec(quiet, "sh", "-c", `for a in ${others.map((i) => i.PrivateIpAddress).join(" ")}; do ping -n -q -c 1 -W 5 $a > /dev/null && echo $a; done`);
  assert.equal(answered.stdout.trim().split("\n").length, 30);
  const next = await launch("t3.micro", "beside");
  assert.equal((await box.exec(next, "echo", "works")).stdout, "works\n");
  await box.aws("ec2", "terminate-instances", "--instance-ids", next, ...many.map((i) => i.InstanceId));
  for (const { InstanceId } of many) await waitForState(box, InstanceId, "terminated");
});

test("a type of one processor has one", async () => {
  const id = await launch("t2.micro", "slow");
  const { stdout } = await box.exec(id, "python3", "-c", `
import os, time
children = []
for i in range(3):
    pid = os.fork()
    if pid == 0:
        end = time.monotonic() + 1.5
        while time.monotonic() < end: pass
        os._exit(0)
    children.append(pid)
for pid in children: os.waitpid(pid, 0)
t = os.times()
print((t.children_user + t.children_system) / 1.5)`);
  assert.ok(Number(stdout) < 1.25, `${stdout.trim()} processors`);
  await box.aws("ec2", "terminate-instances", "--instance-ids", id);
});

test("a type larger than the machine is refused, and nothing is launched", async () => {
  const before = (await box.aws<{ Reservations: unknown[] }>("ec2", "describe-instances")).Reservations.length;
  const refused = await run("/usr/bin/aws", ["--endpoint-url", box.endpoint, "ec2", "run-instances", "--image-id", image, "--instance-type", "r5.24xlarge"],
    { env: { PATH: process.env.PATH, HOME: box.stateDir, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1", AWS_MAX_ATTEMPTS: "1" } });
  assert.match(refused.stderr, /InsufficientInstanceCapacity.*We currently do not have sufficient r5\.24xlarge capacity/);
  assert.equal((await box.aws<{ Reservations: unknown[] }>("ec2", "describe-instances")).Reservations.length, before);
});

test("a key of a wrong kind is refused in AWS's words, by import and by launch, and nothing is made", async () => {
  const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
  const wrong: readonly (readonly [what: string, key: string, says: RegExp])[] = [
    ["DSA", pem(generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 }).publicKey), /InvalidKey\.Format.*Key is not in valid OpenSSH public key format/],
    ["ECDSA", pem(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).publicKey), /InvalidKey\.Format.*Key is not in valid OpenSSH public key format/],
    ["short RSA", pem(generateKeyPairSync("rsa", { modulusLength: 768 }).publicKey), /InvalidKey\.Format.*Invalid RSA key length/],
    ["garbage", "ssh-rsa this is no key", /InvalidKey\.Format/],
    ["cut short", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me", /InvalidKey\.Format/],
  ];
  const said = (call: Promise<unknown>): Promise<string> => call.then(() => "it was taken", (error: Error) => `${error.name}: ${error.message}`);
  for (const [what, key, says] of wrong) assert.match(await said(box.ec2.send(new ImportKeyPairCommand({ KeyName: what, PublicKeyMaterial: Buffer.from(key) }))), says, what);
  assert.deepEqual((await box.ec2.send(new DescribeKeyPairsCommand({}))).KeyPairs, []);
  const before = (await box.ec2.send(new DescribeInstancesCommand({}))).Reservations!.length;
  assert.match(await said(box.ec2.send(new RunInstancesCommand({ ImageId: image, InstanceType: "t3.micro", MinCount: 1, MaxCount: 1, KeyName: "DSA" }))), /^InvalidKeyPair\.NotFound: The key pair 'DSA' does not exist/);
  assert.equal((await box.ec2.send(new DescribeInstancesCommand({}))).Reservations!.length, before);
});

test("root inside gets out by none of the known ways", async () => {
  const clock = Date.now() / 1000;
  const hostname = readFileSync("/proc/sys/kernel/hostname", "utf8");
  const core = readFileSync("/proc/sys/kernel/core_pattern", "utf8");
  const ways = `
import ctypes, os, socket, glob, stat, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    r = libc.syscall(number, *args)
    if r < 0: raise OSError(ctypes.get_errno(), "refused")
    return r
def write(path, text="1"):
    with open(path, "w") as f: f.write(text)
def mount(source, target, kind, flags=0):
    if libc.mount(source, target, kind, flags, None) < 0: raise OSError(ctypes.get_errno(), "refused")
def device(kind, major, minor):
    path = "/root/dev-%d-%d" % (major, minor)
    os.mknod(path, 0o600 | kind, os.makedev(major, minor))
    os.read(os.open(path, os.O_RDONLY), 16)
def leave_root():
    os.makedirs("/root/jail", exist_ok=True)
    fd = os.open("/", os.O_RDONLY)
    os.chroot("/root/jail"); os.fchdir(fd)
    for _ in range(64): os.chdir("..")
    os.chroot(".")
    if os.path.exists("/run/vpcbox/instance-id") : raise OSError("still inside")
def unix(path):
    s = socket.socket(socket.AF_UNIX); s.connect(path)
def foreign():
    own = open("/run/vpcbox/instance-id").read().strip()
    for p in glob.glob("/proc/[0-9]*/root/run/vpcbox/instance-id"):
        if open(p).read().strip() != own: return
    raise OSError("only its own")
def outside_process():
    for p in glob.glob("/proc/[0-9]*/cmdline"):
        if b"daemon" + b".ts" in open(p, "rb").read(): return
    raise OSError("none")
NR = dict(unshare=272, setns=308, bpf=321, init_module=175, finit_module=313, keyctl=250, add_key=248, perf_event_open=298, settimeofday=164, clock_settime=227, reboot=169, kexec_load=246, pivot_root=155, umount2=166,
  open_by_handle_at=304, io_uring_setup=425, userfaultfd=323, swapon=167, syslog=103, move_mount=429, open_tree=428, fsopen=430, mount_setattr=442, ptrace=101, iopl=172, acct=163, quotactl=179, name_to_handle_at=303, process_vm_readv=310) if os.uname().machine == "x86_64" else {}
buffer = ctypes.create_string_buffer(256)
ways = {
  "mount tmpfs": lambda: mount(b"x", b"/mnt", b"tmpfs"), "mount proc": lambda: mount(b"x", b"/mnt", b"proc"), "mount cgroup": lambda: mount(b"x", b"/mnt", b"cgroup2"), "bind": lambda: mount(b"/", b"/mnt", None, 4096),
  "remount seed": lambda: mount(b"", b"/run/vpcbox", None, 32 | 4096), "write seed": lambda: write("/run/vpcbox/instance-id"), "remount sys": lambda: mount(b"", b"/sys", None, 32),
  "root device": lambda: device(stat.S_IFBLK, 254, 0), "disk device": lambda: device(stat.S_IFBLK, 8, 0), "loop device": lambda: device(stat.S_IFBLK, 7, 0), "loop control": lambda: device(stat.S_IFCHR, 10, 237), "memory": lambda: device(stat.S_IFCHR, 1, 1), "kvm": lambda: device(stat.S_IFCHR, 10, 232),
  "kcore": lambda: open("/proc/kcore", "rb").read(64) or write("/nonexistent/x"), "sysrq": lambda: write("/proc/sysrq-trigger", "h"), "core_pattern": lambda: write("/proc/sys/kernel/core_pattern", "|/x"), "modprobe path": lambda: write("/proc/sys/kernel/modprobe", "/x"),
  "vm": lambda: write("/proc/sys/vm/overcommit_memory"), "binfmt": lambda: write("/proc/sys/fs/binfmt_misc/register", ":x:M::x::/x:"), "uevent": lambda: write("/sys/kernel/uevent_helper", "/x"), "oom": lambda: write("/proc/1/oom_score_adj", "-1000"),
  "cgroup": lambda: write("/sys/fs/cgroup/memory/release_agent", "/x"), "own limit": lambda: write(glob.glob("/sys/fs/cgroup/**/memory.max", recursive=True)[0], "max"), "conntrack": lambda: write("/proc/sys/net/netfilter/nf_conntrack_max", "1"),
  "chroot": leave_root, "control socket": lambda: unix("/run/vpcbox/control.sock"), "abstract sockets": lambda: [unix("\\0" + n) for n in ("/org/freedesktop", "dbus")], "docker": lambda: unix("/var/run/docker.sock"), "foreign files": foreign, "outside processes": outside_process,
  "setns by pid": lambda: call(NR["setns"], os.open("/proc/1/ns/mnt", os.O_RDONLY), 0), "unshare user": lambda: call(NR["unshare"], 0x10000000), "unshare mount": lambda: call(NR["unshare"], 0x20000), "unshare net": lambda: call(NR["unshare"], 0x40000000),
  "clone user": lambda: call(56, 0x10000000 | 17, 0, 0, 0, 0), "bpf": lambda: call(NR["bpf"], 0, buffer, 48), "modules": lambda: call(NR["init_module"], buffer, 1, b""), "fmodules": lambda: call(NR["finit_module"], 0, b"", 0), "keys": lambda: call(NR["keyctl"], 0, -3, 1), "add key": lambda: call(NR["add_key"], b"user", b"a", b"b", 1, -3),
  "perf": lambda: call(NR["perf_event_open"], buffer, 0, -1, -1, 0), "clock": lambda: call(NR["settimeofday"], (ctypes.c_long * 2)(1, 0), None), "clock 2": lambda: call(NR["clock_settime"], 0, (ctypes.c_long * 2)(1, 0)), "reboot": lambda: call(NR["reboot"], 0xfee1dead, 672274793, 0x1234567), "kexec": lambda: call(NR["kexec_load"], 0, 0, None, 0),
  "pivot": lambda: call(NR["pivot_root"], b"/", b"/mnt"), "umount": lambda: call(NR["umount2"], b"/run/vpcbox", 2), "handles": lambda: call(NR["open_by_handle_at"], -100, buffer, 0), "io_uring": lambda: call(NR["io_uring_setup"], 1, buffer), "userfaultfd": lambda: call(NR["userfaultfd"], 0), "swap": lambda: call(NR["swapon"], b"/root/x", 0),
  "kernel log": lambda: call(NR["syslog"], 3, buffer, 16), "open_tree": lambda: call(NR["open_tree"], -100, b"/", 1), "fsopen": lambda: call(NR["fsopen"], b"tmpfs", 0), "iopl": lambda: call(NR["iopl"], 3), "acct": lambda: call(NR["acct"], b"/root/acct"),
}
out = []
for name, way in ways.items():
    pid = os.fork()
    if pid == 0:
        try:
            way()
            os._exit(7)
        except BaseException: os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7: out.append(name)
print("tried", len(ways), "got out by", out)
`;
  const { stdout, stderr } = await box.exec(quiet, "python3", "-c", ways);
  assert.match(stdout, /^tried \d{2} got out by \[\]\n$/, stdout + stderr);
  assert.ok(Math.abs(Date.now() / 1000 - clock) < 600, "the clock goes on");
  assert.equal(readFileSync("/proc/sys/kernel/hostname", "utf8"), hostname);
  assert.equal(readFileSync("/proc/sys/kernel/core_pattern", "utf8"), core);
});

test("a set-user-id program made inside is nothing outside", async () => {
  const inside = await box.exec(quiet, "sh", "-c", "cp /usr/bin/id /opt/suid && chmod 4755 /opt/suid && setpriv --reuid=1000 --regid=1000 --clear-groups /opt/suid -u");
  assert.equal(inside.stdout, "0\n", "inside it is what it is");
  assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(`${box.stateDir}/guests/`), "the machine has its disk mounted nowhere");
  const { init_process_pid: pid } = JSON.parse(readFileSync(`/run/vpcbox/${box.name}/runc/${quiet}/state.json`, "utf8")) as { init_process_pid: number };
  const outside = await run("sh", ["-c", `cd /proc/${pid}/root/opt && exec setpriv --reuid=12345 --regid=12345 --clear-groups ./suid -u`]); // as one who did get there
  assert.equal(outside.stdout, "12345\n", outside.stderr);
  assert.equal((statSync(`${box.stateDir}/guests`).mode & 0o777), 0o700, "nobody but root gets to its disk");
});

test("no guest sees another's traffic, and its network is not the machine's", async () => {
  const links = (await box.exec(quiet, "ls", "/sys/class/net")).stdout.trim().split("\n");
  assert.deepEqual(links.sort(), ["eth0", "lo"]);
  assert.match(quietAddress, /^172\.31\./);
  assert.equal((await box.exec(quiet, "sh", "-c", "ip link add x type veth peer name y && ip link set y netns 1")).status, 0, "it may do anything to its own network");
  assert.equal((await run("ip", ["link", "show", "y"])).status === 0, false);
  await until("the box goes on", async () => ((await box.exec(quiet, "ping", "-c", "1", "-W", "2", "ietf.org")).status === 0 ? true : undefined));
});
