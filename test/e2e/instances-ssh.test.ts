// Owns ssh as people use it with EC2: key pairs, agent, scp, port forwards, a bastion; `vpcbox ssh`; host keys that the console shows.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Box, cli, run, until, type Result } from "../support/box.ts";
import { kernelLeftovers } from "../support/kernel-leftovers.ts";
import { buildNatNetwork, findImage, type NatNetwork } from "../support/nat-network.ts";

const box = new Box();
let n: NatNetwork;
let known: string;

before(async () => {
  await box.up();
  n = await buildNatNetwork(box, await findImage(box, "amzn-ami-vpc-nat-*"));
  await box.aws("ec2", "authorize-security-group-ingress", "--group-id", n.natGroup, "--ip-permissions", "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.1.0/24}]");
  await box.aws("ec2", "authorize-security-group-egress", "--group-id", n.natGroup, "--ip-permissions", "IpProtocol=tcp,FromPort=8000,ToPort=8000,IpRanges=[{CidrIp=10.0.1.0/24}]");
  await box.aws("ec2", "authorize-security-group-ingress", "--group-id", n.privateGroup, "--ip-permissions", "IpProtocol=tcp,FromPort=8000,ToPort=8000,IpRanges=[{CidrIp=10.0.0.0/24}]");
  known = join(box.stateDir, "known_hosts");
});
after(async () => {
  await box.remove();
  assert.deepEqual(await kernelLeftovers(box), []);
  assert.deepEqual(readdirSync(tmpdir()).filter((name) => name.startsWith("vpcbox-ssh-") && existsSync(join(tmpdir(), name, "known_hosts")) && readFileSync(join(tmpdir(), name, "known_hosts"), "utf8").includes(n.natPublic)), []);
});

const atHome = (script: string, ...args: string[]): Promise<Result> => box.laptop("bash", "-c", `o="-F none -i ${n.keyFile} -o UserKnownHostsFile=${known} -o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout=5"
j="-o ProxyCommand='ssh $o -W %h:%p ec2-user@${n.natPublic}'"
${script}`, "bash", ...args);
async function says(script: string, words: RegExp): Promise<void> {
  const result = await atHome(script);
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.match(result.stdout, words);
}

test("the console shows the host's keys, and they are the host's: a known_hosts of them is believed, another's is not", async () => {
  const keysOf = async (id: string, address: string): Promise<string> => {
    const log = await until("its keys are shown", async () => /KEY KEYS-----\n([^]*?)-----END SSH HOST KEY KEYS/.exec((await box.vpcbox("console-output", id)).stdout)?.[1]);
    assert.match(log, /^ecdsa-sha2-nistp256 \S+ root@\S+\nssh-ed25519 \S+ root@\S+\n$/);
    return log.trim().split("\n").map((line) => `${address} ${line}\n`).join("");
  };
  const [nat, inner] = [await keysOf(n.nat, n.natPublic), await keysOf(n.private, n.privateAddress)];
  writeFileSync(known, inner.replaceAll(n.privateAddress, n.natPublic));
  assert.match((await atHome(`ssh $o ec2-user@${n.natPublic} true`)).stderr, /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/);
  writeFileSync(known, nat + inner);
  await says(`ssh $o ec2-user@${n.natPublic} hostname`, /^ip-10-0-0-/);
});

test("scp there and back, ProxyJump, port forwards through the NAT instance", async () => {
  const config = join(box.stateDir, "config");
  writeFileSync(config, `Host *\n  User ec2-user\n  IdentityFile ${n.keyFile}\n  UserKnownHostsFile ${known}\n  StrictHostKeyChecking yes\n  BatchMode yes\n  ConnectTimeout 5\n`);
  await says(`head -c 3000000 /dev/urandom > ${box.stateDir}/blob; scp -q -F ${config} -J ${n.natPublic} ${box.stateDir}/blob ${n.privateAddress}:there; scp -q -F ${config} -J ${n.natPublic} ${n.privateAddress}:there ${box.stateDir}/back; cmp ${box.stateDir}/blob ${box.stateDir}/back && echo same`, /^same$/m);
  await says(`ssh -F ${config} -J ${n.natPublic} ${n.privateAddress} 'hostname; echo $SSH_CONNECTION'`, /^ip-10-0-1-\d+\.ec2\.internal\n10\.0\.0\./);
  assert.equal((await box.exec(n.private, "sh", "-c", "mkdir -p /srv/web; echo inner page > /srv/web/index.html; cd /srv/web; setsid python3 -m http.server 8000 > /dev/null 2>&1 < /dev/null & for i in $(seq 200); do curl -sf http://127.0.0.1:8000/ > /dev/null && exit; sleep 0.05; done; exit 1")).status, 0);
  await says(`ssh -F ${config} -f -N -o ExitOnForwardFailure=yes -S ${box.stateDir}/mux -M -L 18000:${n.privateAddress}:8000 -D 11080 ${n.natPublic}
    curl -s --retry 5 --retry-connrefused http://127.0.0.1:18000/; curl -s -x socks5h://127.0.0.1:11080 http://${n.privateAddress}:8000/; ssh -S ${box.stateDir}/mux -O exit x 2> /dev/null`, /^inner page\ninner page\n$/);
  await says(`ssh -F ${config} -R 9000:192.0.2.80:80 ${n.natPublic} curl -s http://127.0.0.1:9000/ | grep -c ietf`, /^[1-9]/);
});

test("the agent goes along, and only when it is asked to", async () => {
  const script = (flag: string): string => `eval "$(ssh-agent)" > /dev/null; trap 'ssh-agent -k > /dev/null' EXIT; ssh-add -q ${n.keyFile}
    ssh $o ${flag} ec2-user@${n.natPublic} "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR -o ConnectTimeout=5 ${n.privateAddress} hostname"`;
  await says(script("-A"), /^ip-10-0-1-/);
  assert.match((await atHome(script("-a"))).stderr, /Permission denied/);
});

test("another's key is refused; a password is not asked for; root may not", async () => {
  const other = await box.aws<{ KeyMaterial: string }>("ec2", "create-key-pair", "--key-name", "other", "--key-type", "ed25519");
  const file = join(box.stateDir, "other.pem");
  writeFileSync(file, `${other.KeyMaterial}\n`, { mode: 0o600 });
  for (const who of [`-o IdentitiesOnly=yes -i ${file} ec2-user`, `-i ${n.keyFile} root`])
    assert.match((await box.laptop("sh", "-c", `ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes ${who}@${n.natPublic} id`)).stderr, /Permission denied \(publickey\)|login as the user "ec2-user"/);
});

test("vpcbox ssh: by the public address, through the NAT instance, with the key's file or without", async () => {
  const ssh = (...args: string[]): Promise<Result> => box.vpcbox("ssh", ...args);
  const direct = await ssh("-i", n.keyFile, "nat", "--", "hostname; id -un; exit 5");
  assert.deepEqual([direct.status, direct.stderr], [5, ""], "its words and status are the command's");
  assert.match(direct.stdout, /^ip-10-0-0-\d+\.ec2\.internal\nec2-user\n$/);
  const inner = await ssh("-i", n.keyFile, n.private, "--", "echo $SSH_CONNECTION");
  assert.match(inner.stdout, /^10\.0\.0\.\d+ \d+ 10\.0\.1\./, inner.stderr);
  const found = await run("sh", ["-c", `cd ${box.stateDir} && "$0" --box ${box.name} ssh --via nat private -- hostname`, cli]);
  assert.match(found.stdout, /^ip-10-0-1-/, `mykeypair.pem is here: ${found.stderr}`);
  const forwarded = await run("bash", ["-c", `"$0" --box ${box.name} ssh -i ${n.keyFile} -L 18001:${n.privateAddress}:8000 -o ExitOnForwardFailure=yes nat -- sleep 5 & for i in $(seq 50); do "$0" --box ${box.name} laptop -- curl -sf http://127.0.0.1:18001/ && break; sleep 0.1; done; kill %1; wait`, cli]);
  assert.match(forwarded.stdout, /^inner page$/m, forwarded.stderr);
  const shell = await run("script", ["-qec", `${cli} --box ${box.name} ssh -i ${n.keyFile} nat`, "/dev/null"], { input: "tty; exit 3\n" });
  assert.match(shell.stdout, /\/dev\/pts\/\d/);
  assert.equal(shell.status, 3);
});

test("vpcbox ssh says in one line what is missing", async () => {
  const refused = async (words: RegExp, status: number, ...args: string[]): Promise<void> => {
    const result = await box.vpcbox("ssh", ...args);
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stderr, words);
  };
  await refused(/^vpcbox: there is no instance "nobody"; list them with: aws ec2 describe-instances\n$/, 1, "nobody");
  await refused(/^vpcbox: there is no file \/nonexistent\n$/, 1, "-i", "/nonexistent", "nat");
  await refused(/^vpcbox: i-[0-9a-f]+ has no public address: it cannot be jumped by\n$/, 1, "--via", "private", "nat");
  await refused(/^vpcbox: missing required argument 'instance'\n$/, 2);
  await refused(/Permission denied \(publickey\)/, 255, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityFile=/dev/null", "nat", "--", "true");
  await box.aws("ec2", "stop-instances", "--instance-ids", n.nat);
  await refused(/^vpcbox: i-[0-9a-f]+ (is stopping|is stopped); start it first\n$/, 1, "nat");
  await until("it is stopped", async () => (/stopped/.test((await box.vpcbox("ssh", "nat")).stderr) ? true : undefined));
  await refused(/^vpcbox: i-[0-9a-f]+ has no public address, and no running instance of vpc-[0-9a-f]+ has one; without a network: vpcbox exec i-[0-9a-f]+ -- COMMAND\n$/, 1, "private");
});
