// Owns users, groups, keys and passwords of #cloud-config (cloud-init, module "Users and Groups"), as shell text for the first boot.

import { isMapping, isTrue, listOf, textOf, type CloudConfig, type Value } from "./cloud-config.ts";
import { quote, words } from "./shell.ts";

export const defaultUser = "ec2-user";

interface User { readonly name: string; readonly given: CloudConfig }

/** Who gets the instance's key pair: the default user, or the first of a list that leaves the default one out. */
export function keyOwner(config: CloudConfig): string {
  const users = usersOf(config);
  if (users === undefined || users.some((user) => user.name === "default")) return defaultNameOf(config);
  return users[0]?.name ?? defaultNameOf(config);
}

const defaultNameOf = (config: CloudConfig): string => textOf(isMapping(config.user) ? config.user.name : config.user) ?? defaultUser;

function usersOf(config: CloudConfig): readonly User[] | undefined {
  if (config.users === undefined) return undefined;
  const given = isMapping(config.users) ? Object.entries(config.users).map(([name, value]) => ({ ...(isMapping(value) ? value : {}), name })) : typeof config.users === "string" ? config.users.split(",").map((s) => s.trim()) : listOf(config.users);
  return given.flatMap((one: Value): User[] => {
    if (isMapping(one)) {
      const name = textOf(one.name);
      return name === undefined ? [] : [{ name, given: one }];
    }
    const name = textOf(one);
    return name === undefined ? [] : [{ name, given: {} }];
  });
}

/** Lines that make groups and users. */
export function userLines(config: CloudConfig, warn: (text: string) => void): string[] {
  const lines: string[] = [];
  for (const group of isMapping(config.groups) ? Object.entries(config.groups).map(([name, members]) => ({ [name]: members })) : typeof config.groups === "string" ? config.groups.split(",") : listOf(config.groups)) {
    const [name, members] = isMapping(group) ? (Object.entries(group)[0] ?? ["", []]) : [String(group).trim(), []];
    if (name === "") continue;
    lines.push(`add_group ${quote(name)}`);
    for (const member of listOf(members)) lines.push(`add_member ${words(name, String(member))}`);
  }
  const overridden = isMapping(config.user) ? config.user : {};
  if (config.user !== undefined && defaultNameOf(config) !== defaultUser) lines.push(...oneUser({ name: defaultNameOf(config), given: { sudo: "ALL=(ALL) NOPASSWD:ALL", shell: "/bin/bash", ...overridden } }, warn));
  for (const user of usersOf(config) ?? []) if (user.name !== "default") lines.push(...oneUser(user, warn));
  const keys = listOf(config.ssh_authorized_keys).map(String);
  if (keys.length > 0) lines.push(`add_keys ${words(keyOwner(config), ...keys)}`);
  return lines;
}

function oneUser({ name, given }: User, warn: (text: string) => void): string[] {
  const option = (flag: string, value: Value): string[] => { const text = textOf(value); return text === undefined || text === "" ? [] : [flag, text]; };
  const groups = (typeof given.groups === "string" ? given.groups.split(",") : isMapping(given.groups) ? Object.keys(given.groups) : listOf(given.groups).map(String)).map((g) => g.trim()).filter((g) => g !== "");
  const primary = textOf(given.primary_group);
  const system = isTrue(given.system), noHome = isTrue(given.no_create_home);
  const args = [
    ...option("--comment", given.gecos), ...option("--home-dir", given.homedir), ...option("--shell", given.shell ?? "/bin/bash"), ...option("--uid", given.uid), ...option("--expiredate", given.expiredate), ...option("--inactive", given.inactive),
    ...(primary === undefined ? [] : ["--gid", primary]), ...(groups.length > 0 ? ["--groups", groups.join(",")] : []), ...(system ? ["--system"] : []), ...(isTrue(given.no_user_group) ? ["--no-user-group"] : []),
    noHome || system ? "--no-create-home" : "--create-home",
  ];
  const lines = [...[...groups, ...(primary === undefined ? [] : [primary])].map((group) => `add_group ${quote(group)}`), `add_user ${words(name, ...args)}`];
  const hash = textOf(given.hashed_passwd) ?? textOf(given.passwd), plain = textOf(given.plain_text_passwd);
  if (hash !== undefined) lines.push(`set_hash ${words(name, hash)}`);
  if (plain !== undefined) lines.push(`set_password ${words(name, plain)}`);
  if (hash !== undefined || plain !== undefined) lines.push(`${given.lock_passwd === undefined || isTrue(given.lock_passwd) ? "lock_password" : "unlock_password"} ${quote(name)}`);
  const sudo = given.sudo === false || given.sudo === null ? [] : listOf(given.sudo).map(String).filter((rule) => rule.toLowerCase() !== "false");
  if (sudo.length > 0) lines.push(`add_sudo ${words(name, ...sudo)}`);
  const keys = listOf(given.ssh_authorized_keys ?? given["ssh-authorized-keys"]).map(String);
  if (keys.length > 0) lines.push(`add_keys ${words(name, ...keys)}`);
  for (const key of ["ssh_import_id", "selinux_user", "snapuser", "doas", "ssh_redirect_user"]) if (given[key] !== undefined) warn(`users: ${key} of ${name} is not offered by vpcbox`);
  return lines;
}

/** chpasswd, password and ssh_pwauth (cloud-init, module "Set Passwords"). */
export function passwordLines(config: CloudConfig, warn: (text: string) => void): string[] {
  const lines: string[] = [];
  const all = isMapping(config.chpasswd) ? config.chpasswd : {};
  const expire = all.expire === undefined || isTrue(all.expire);
  const set = (name: string, password: string, type: string): void => {
    if (type === "RANDOM" || password === "R" || password === "RANDOM") return warn(`chpasswd: random passwords are not offered by vpcbox (${name})`);
    lines.push(`${type === "hash" ? "set_hash" : "set_password"} ${words(name, password)}`);
    if (expire) lines.push(`expire_password ${quote(name)}`);
  };
  for (const user of listOf(all.users)) if (isMapping(user)) set(String(user.name ?? ""), String(user.password ?? ""), String(user.type ?? "hash"));
  for (const entry of typeof all.list === "string" ? all.list.split("\n") : listOf(all.list).map(String)) {
    const [name, ...rest] = entry.trim().split(":");
    const password = rest.join(":");
    if (name !== undefined && name !== "" && password !== "") set(name, password, /^\$(1|2a|2y|5|6|y)\$/.test(password) ? "hash" : "text");
  }
  const own = textOf(config.password);
  if (own !== undefined) set(defaultNameOf(config), own, /^\$(1|2a|2y|5|6|y)\$/.test(own) ? "hash" : "text");
  if (config.ssh_pwauth !== undefined && config.ssh_pwauth !== "unchanged") lines.push(`password_login ${isTrue(config.ssh_pwauth) ? "yes" : "no"}`);
  return lines;
}
