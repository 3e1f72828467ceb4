// Owns images that come from elsewhere: `vpcbox image import`, what it and `vpcbox image build` refuse, and that layers are shared and freed.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Box, cli, run, until } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { waitForState } from "../support/nat-network.ts";

const box = new Box();
let tree: string;

before(async () => {
  await box.up();
  tree = join(box.stateDir, "tree");
  // a system of a shell and a few programs, with their libraries, merged /usr as every distribution has it
  const build = `set -e; mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/etc"; for d in bin sbin lib; do ln -s usr/$d "$1/$d"; done; ln -s usr/lib "$1/lib64"
    for p in sh sleep cat ls ip hostname ping setpriv; do cp -L "$(command -v $p)" "$1/usr/bin/"; done
    for l in $(ldd "$1"/usr/bin/* | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do cp -L $l "$1/usr/lib/"; done
    printf '#!/bin/sh\\necho own init of $(hostname)\\nwhile :; do sleep 1000; done\\n' > "$1/usr/sbin/init"; chmod 755 "$1/usr/sbin/init"; echo mine > "$1/etc/mine"; python3 -c 'import os, sys; os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))' "$1/usr/bin/ping"`;
  const built = await run("sh", ["-c", build, "sh", tree]);
  assert.equal(built.status, 0, built.stderr);
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
});

const layers = (): string[] => readdirSync(join(box.stateDir, "layers")).filter((name) => !name.startsWith("base-"));
const pack = async (flags: string, name: string): Promise<string> => {
  const file = join(box.stateDir, name);
  const packed = await run("tar", [`-c${flags}f`, file, "--xattrs", "--xattrs-include=security.capability", "-C", tree, "."]);
  assert.equal(packed.status, 0, packed.stderr);
  return file;
};
async function forget(image: string): Promise<void> {
  const { Images } = await box.aws<{ Images: { BlockDeviceMappings: { Ebs: { SnapshotId: string } }[] }[] }>("ec2", "describe-images", "--image-ids", image);
  await box.aws("ec2", "deregister-image", "--image-id", image);
  assert.ok(layers().includes(image), "its snapshot still holds it");
  await box.aws("ec2", "delete-snapshot", "--snapshot-id", Images[0]!.BlockDeviceMappings[0]!.Ebs.SnapshotId);
}
async function launch(image: string): Promise<string> {
  const { Instances } = await box.aws<{ Instances: { InstanceId: string }[] }>("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro");
  await waitForState(box, Instances[0]!.InstanceId, "running");
  return Instances[0]!.InstanceId;
}

test("an imported root file system boots by its own init, with its own /usr, in its network", async () => {
  const made = await box.vpcbox("image", "import", "mine", await pack("z", "mine.tar.gz"));
  assert.match(made.stdout, /^ami-[0-9a-f]{17}\n$/, made.stderr);
  const image = made.stdout.trim();
  const id = await launch(image);
  assert.match(await until("its console speaks", async () => { const { stdout } = await box.vpcbox("console-output", id); return stdout === "" ? undefined : stdout; }), /^own init of ip-172-31-/);
  assert.equal((await box.exec(id, "cat", "/etc/mine")).stdout, "mine\n");
  assert.deepEqual((await box.exec(id, "ls", "/usr/bin")).stdout.trim().split("\n"), ["cat", "hostname", "ip", "ls", "ping", "setpriv", "sh", "sleep"], "nothing of this machine's");
  assert.match((await box.exec(id, "ip", "-4", "addr", "show", "eth0")).stdout, /inet 172\.31\./);
  const anybody = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "ping", "-q", "-c", "1", "169.254.169.253"];
  assert.equal((await box.exec(id, ...anybody)).status, 0, "a program's capabilities came along");

  const { ImageId } = await box.aws<{ ImageId: string }>("ec2", "create-image", "--instance-id", id, "--name", "of mine", "--no-reboot");
  await box.aws("ec2", "wait", "image-available", "--image-ids", ImageId);
  assert.deepEqual(layers().sort(), [image, ImageId].sort(), "the image of the image shares the imported layer");
  await forget(image);
  const next = await launch(ImageId);
  assert.equal((await box.exec(next, "cat", "/etc/mine")).stdout, "mine\n", "what is used stays");
  assert.equal((await box.exec(next, ...anybody)).status, 0);
  assert.equal((await box.exec(next, "sh", "-c", "echo before the stop > /etc/late")).status, 0);
  await box.aws("ec2", "stop-instances", "--instance-ids", next);
  await waitForState(box, next, "stopped");
  const { ImageId: ofStopped } = await box.aws<{ ImageId: string }>("ec2", "create-image", "--instance-id", next, "--name", "of a stopped one");
  await box.aws("ec2", "wait", "image-available", "--image-ids", ofStopped);
  const last = await launch(ofStopped);
  assert.equal((await box.exec(last, "cat", "/etc/mine", "/etc/late")).stdout, "mine\nbefore the stop\n");
  for (const one of [ImageId, ofStopped]) await forget(one);
  await box.aws("ec2", "terminate-instances", "--instance-ids", id, next, last);
  for (const one of [id, next, last]) await waitForState(box, one, "terminated");
  await until("the layers are freed", async () => (layers().length === 0 ? true : undefined), 60_000);
});

test("a broken archive, one without an init, a name that is taken or none: one line, nothing half made", async () => {
  const broken = join(box.stateDir, "broken.tar.gz");
  writeFileSync(broken, Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
  mkdirSync(join(box.stateDir, "empty"));
  await run("tar", ["-cf", join(box.stateDir, "empty.tar"), "-C", join(box.stateDir, "empty"), "."]);
  for (const [name, file, words] of [
    ["broken", broken, /cannot be unpacked/], ["empty", join(box.stateDir, "empty.tar"), /has no \/sbin\/init/], ["x", broken, /AMI names must be between 3 and 128/], ["gone", "/nonexistent.tar", /there is no file/],
  ] as const) {
    const refused = await box.vpcbox("image", "import", name, file);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, words);
    assert.match(refused.stderr, /^vpcbox: [^\n]+\n$/);
  }
  const hostile = await run("python3", ["-c", `import io, tarfile
def archive(name, *members):
    with tarfile.open("${box.stateDir}/" + name, "w") as t:
        for path, link in members + (("sbin/init", None),):
            m = tarfile.TarInfo(path); m.mode = 0o755
            if link is None: m.size = 10
            else: m.type, m.linkname = (tarfile.LNKTYPE if link == "/etc/shadow" else tarfile.SYMTYPE), link
            t.addfile(m, io.BytesIO(b"#!/bin/sh\\n") if link is None else None)
archive("up.tar", ("../../../../../../../..${box.stateDir}/escaped", None))
archive("through.tar", ("out", "${box.stateDir}"), ("out/escaped", None))
archive("hard.tar", ("etc/stolen", "/etc/shadow"))
archive("usr.tar", ("usr", "/etc"))`]);
  assert.equal(hostile.status, 0, hostile.stderr);
  for (const [name, words] of [["up", /Member name contains '\.\.'/], ["through", /out\/escaped: Cannot open/], ["hard", /etc\/stolen: Cannot hard link/], ["usr", /the \/usr of \S+ is no directory/]] as const) {
    const refused = await box.vpcbox("image", "import", `hostile ${name}`, join(box.stateDir, `${name}.tar`));
    assert.match(refused.stderr, words);
    assert.match(refused.stderr, /^vpcbox: [^\n]+\n$/);
  }
  assert.ok(!existsSync(join(box.stateDir, "escaped")));
  const file = await pack("", "mine.tar");
  const first = await box.vpcbox("image", "import", "taken", file);
  assert.equal(first.status, 0, first.stderr);
  assert.match((await box.vpcbox("image", "import", "taken", file)).stderr, /AMI name taken is already in use by AMI ami-/);
  assert.deepEqual(layers(), [first.stdout.trim()]);
  assert.equal((await box.aws<{ Images: unknown[] }>("ec2", "describe-images", "--owners", "self")).Images.length, 1);
});

test("image build refuses in one line, before any work", async () => {
  const hidden = `mount --bind /dev/null "$(command -v apt-get)" && exec "$0" --box ${box.name} image build fresh-one`;
  for (const [result, words] of [
    [await box.vpcbox("image", "build", "taken"), /AMI name taken is already in use by AMI ami-/],
    [await box.vpcbox("image", "build", "x"), /AMI names must be between 3 and 128/],
    [await box.vpcbox("image", "build", "fresh-one", "curl;id"), /'curl;id' is no package's name/],
    [await run("unshare", ["--mount", "sh", "-c", hidden, cli]), /an image is built by Debian's own programs, and apt-get is missing; import a root file system instead: vpcbox image import/],
  ] as const) {
    assert.deepEqual([result.status, result.stdout], [1, ""], result.stderr);
    assert.match(result.stderr, words);
    assert.match(result.stderr, /^vpcbox: [^\n]+\n$/);
  }
});
