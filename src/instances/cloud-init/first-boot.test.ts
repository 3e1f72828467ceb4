// Owns the tests of user data's way from bytes to the words of a boot: kinds of parts, merging, quoting, and that nothing throws.
import { test } from "node:test";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { compileFirstBoot } from "./first-boot.ts";
import { userDataParts } from "./user-data-parts.ts";
import { mergeCloudConfig, parseCloudConfig } from "./cloud-config.ts";
import { quote } from "./shell.ts";

const compiled = (text: string | Buffer) => compileFirstBoot(Buffer.from(text));
const file = (text: string | Buffer, name: string): string => String(compiled(text).files.get(name));
const config = (body: string): string => `#cloud-config\n${body}`;

const multipart = `Content-Type: multipart/mixed; boundary="===b=="
MIME-Version: 1.0

--===b==
Content-Type: text/cloud-config; charset="us-ascii"
Content-Disposition: attachment; filename="c.yaml"

hostname: from-part
--===b==
Content-Type: text/x-shellscript
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="do it.sh"

${Buffer.from("#!/bin/sh\necho hi\n").toString("base64")}
--===b==
Content-Type: text/plain

#cloud-boothook
#!/bin/sh
echo early
--===b==--
`;

test("parts: by content type and by their first line, gzip around all of them", () => {
  for (const data of [Buffer.from(multipart), gzipSync(multipart), Buffer.from(multipart.replaceAll("\n", "\r\n"))]) {
    const parts = userDataParts(data);
    assert.deepEqual(parts.map((p) => [p.kind, p.name]), [["cloud-config", "c.yaml"], ["script", "do it.sh"], ["boothook", undefined]]);
    assert.equal(parts[1]!.body.toString(), "#!/bin/sh\necho hi\n");
  }
  const [only] = userDataParts(Buffer.from("#!/bin/bash\nexit 0"));
  assert.equal(only!.kind, "script");
  assert.deepEqual(userDataParts(Buffer.from("  \n\n")), []);
  assert.deepEqual(userDataParts(Buffer.from("#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    hostname: a\n- '#!/bin/sh'\n")).map((p) => p.kind), ["cloud-config", "script"]);
});

test("what is not understood is named, and nothing throws", () => {
  for (const [data, words] of [
    ["hello", /Unhandled non-multipart/], ["#include\nhttp:\/\/x\n", /text\/x-include-url are not offered/], ["## template: jinja\n#cloud-config\n", /jinja2/], ["#part-handler\n", /part-handler/],
    [Buffer.from([0x1f, 0x8b, 1, 2, 3]), /cannot be unpacked/], [config("a: [1"), /Failed loading yaml blob/], [config("- a"), /it is a list/], [config("swap: {size: 1}"), /swap is not offered/],
    ["Content-Type: multipart/mixed\n\nx", /without a boundary/], [config("write_files: [{path: etc/x}]"), /no absolute path/], [config("write_files: [{path: /x, encoding: rot13}]"), /unknown encoding rot13/],
    [config("hostname: 'a b'"), /no host name/], [config("users: [{name: a, ssh_import_id: [x]}]"), /ssh_import_id of a/], [config("power_state: {mode: sleep}"), /power_state: .*sleep.* is none/],
  ] as const) assert.match(file(data, "final"), words, String(data));
  let seed = 7;
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(multipart);
    for (let k = 0; k < 8; k++) bytes[(seed = (seed * 1103515245 + 12345) & 0x7fffffff) % bytes.length] = seed & 0xff;
    compiled(bytes);
    compiled(bytes.subarray(seed % bytes.length));
  }
});

test("later parts take the place of earlier ones, unless they say how to merge", () => {
  const a = parseCloudConfig("runcmd: [a]\nx: {p: 1, q: 1}");
  assert.deepEqual(mergeCloudConfig(a, parseCloudConfig("runcmd: [b]\nx: {p: 2}")), { runcmd: ["b"], x: { p: 2 } });
  assert.deepEqual(mergeCloudConfig(a, parseCloudConfig("merge_how: 'list(append)+dict(recurse_array)+str()'\nruncmd: [b]\nx: {p: 2}")).runcmd, ["a", "b"]);
  const byList = parseCloudConfig("merge_type:\n  - {name: list, settings: [append]}\n  - {name: dict, settings: [no_replace, recurse_list]}\nruncmd: [b]\nx: {p: 2, r: 3}");
  assert.deepEqual(mergeCloudConfig(a, byList).x, { p: 1, q: 1, r: 3 });
});

test("whatever is in a value, it is one word of the shell", () => {
  assert.equal(quote("it's $(here) `x` \"y\"\n"), "'it'\\''s $(here) `x` \"y\"\n'");
  assert.match(file(config("users: [{name: \"a'; rm -rf / #\"}]"), "early"), /add_user 'a'\\''; rm -rf \/ #' /);
  assert.equal(file(config("runcmd:\n - [echo, \"a b\", \"it's\"]\n - echo $HOME\n"), "runcmd"), "#!/bin/sh\n'echo' 'a b' 'it'\\''s'\necho $HOME\n");
});

test("files, users, names and the order of it all", () => {
  const early = file(config(`
bootcmd: [echo boot]
hostname: web-1
write_files:
 - {path: /etc/a, content: x, permissions: '0600', owner: 'root:wheel'}
 - {path: /etc/b, content: !!binary eAo=, permissions: 0755, append: true}
 - {path: /etc/c, content: ${gzipSync("zipped").toString("base64")}, encoding: gz+b64, defer: true}
users: [default, {name: amy, groups: [wheel, new], sudo: 'ALL=(ALL) NOPASSWD:ALL', ssh_authorized_keys: [ssh-ed25519 AAAA amy]}]
`), "early");
  const order = ["run_bootcmd 'bootcmd'", "write_file 'file-0' '/etc/a' 'root:wheel' '0600' ''", "write_file 'file-1' '/etc/b' 'root:root' '0755' 'append'", "set_hostname 'web-1'", "add_group 'new'", "add_user 'amy'", "add_keys 'amy'", "key_owner 'ec2-user'"];
  assert.deepEqual(order.map((line) => early.indexOf(line)).toSorted((x, y) => x - y), order.map((line) => early.indexOf(line)));
  assert.ok(order.every((line) => early.includes(line)), early);
  assert.ok(early.indexOf("run_bootcmd") < early.indexOf("if $first"), "bootcmd runs on every boot");
  assert.equal(compiled(config("users: [{name: amy}]")).files.get("early")!.toString().includes("key_owner 'amy'"), true, "without the default user the first one gets the key");
  assert.equal(file(config("write_files: [{path: /c, encoding: gz+b64, content: " + gzipSync("zipped").toString("base64") + "}]"), "file-0"), "zipped");
  assert.equal(compiled(config("fqdn: a.example.org")).hostname, "a");
  assert.equal(compiled(config("hostname: a\npreserve_hostname: true")).hostname, undefined);
});
