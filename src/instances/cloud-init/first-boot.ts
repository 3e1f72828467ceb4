// Owns what a guest's boot does with user data: compiled here, from text that nobody vouches for, into two shell scripts of quoted
// words (before sshd starts; at the end of the boot) and the files they need. The words are defined in guest-root's cloud-init library.

import { isMapping, isTrue, listOf, mergeCloudConfig, parseCloudConfig, textOf, unknownKeys, type CloudConfig, type Value } from "./cloud-config.ts";
import { quote, words } from "./shell.ts";
import { keyOwner, passwordLines, userLines } from "./users.ts";
import { userDataParts, type UserDataPart } from "./user-data-parts.ts";
import { writeFiles } from "./write-files.ts";

export interface FirstBoot {
  /** The name the instance boots with, when its user data gives one. */
  readonly hostname: string | undefined;
  /** Files of /run/vpcbox/cloud-init. */
  readonly files: ReadonlyMap<string, string | Buffer>;
}

/** Never throws: what is wrong with user data is said in the instance's own log, and the instance boots. */
export function compileFirstBoot(data: Buffer): FirstBoot {
  const warnings: string[] = [];
  const warn = (text: string): void => { warnings.push(text); };
  let parts: readonly UserDataPart[] = [];
  let config: CloudConfig = {};
  try {
    parts = userDataParts(data);
    for (const part of parts) {
      if (part.kind === "refused") warn(`user data: ${part.reason}`);
      if (part.kind !== "cloud-config") continue;
      try {
        config = mergeCloudConfig(config, parseCloudConfig(part.body.toString("utf8")));
      } catch (error) {
        warn(`Failed loading yaml blob. Invalid format: ${(error as Error).message.split("\n")[0]}`);
      }
    }
    return compile(parts, config, warnings, warn);
  } catch (error) {
    return { hostname: undefined, files: new Map([["early", ""], ["final", `warn ${quote(`user data could not be read: ${(error as Error).message.split("\n")[0]}`)}\n`]]) };
  }
}

function compile(parts: readonly UserDataPart[], config: CloudConfig, warnings: readonly string[], warn: (text: string) => void): FirstBoot {
  const files = new Map<string, string | Buffer>();
  for (const key of unknownKeys(config)) warn(`#cloud-config: ${key} is not offered by vpcbox`);
  const hostname = hostnameOf(config, warn);
  const written = writeFiles(config, warn);
  for (const [name, content] of written.contents) files.set(name, content);
  const early = [
    ...boothooks(parts, files),
    ...commandLines(config.bootcmd, "bootcmd", files, warn, (file) => `run_bootcmd ${quote(file)}`),
    "if $first; then",
    ...written.now,
    ...(hostname === undefined ? [] : [`set_hostname ${quote(hostname)}`]),
    ...userLines(config, warn),
    `key_owner ${quote(keyOwner(config))}`,
    ...(config.disable_root !== undefined && !isTrue(config.disable_root) ? ["root_login"] : []),
    ...passwordLines(config, warn),
    ...settingLines(config),
    ":",
    "fi",
  ];
  const final = [
    "if $first; then",
    ...packageLines(config, warn),
    ...written.deferred,
    ...scriptLines(parts, files),
    ...commandLines(config.runcmd, "runcmd", files, warn, (file) => `keep_script ${words(file, "runcmd")}`),
    ":",
    "fi",
    "run_scripts per-once",
    "run_scripts per-boot",
    "! $first || run_user_scripts",
    `final_message ${quote(textOf(config.final_message) ?? "")}`,
    ...powerLines(config, warn),
  ];
  const said = warnings.map((text) => `warn ${quote(text)}`);
  files.set("early", `${early.join("\n")}\n`);
  files.set("final", `${["if $first; then", ...said, ":", "fi", ...final].join("\n")}\n`);
  return { hostname, files };
}

function hostnameOf(config: CloudConfig, warn: (text: string) => void): string | undefined {
  if (isTrue(config.preserve_hostname)) return undefined;
  const fqdn = textOf(config.fqdn), short = textOf(config.hostname);
  const name = isTrue(config.prefer_fqdn_over_hostname) ? (fqdn ?? short) : (short ?? fqdn?.split(".")[0]);
  if (name === undefined || name === "") return undefined;
  if (/^[A-Za-z0-9]([A-Za-z0-9.-]{0,62})$/.test(name)) return name;
  warn(`hostname: '${name}' is no host name`);
  return undefined;
}

function boothooks(parts: readonly UserDataPart[], files: Map<string, string | Buffer>): string[] {
  return parts.filter((part) => part.kind === "boothook").map((part, index) => {
    const name = `boothook-${index}`;
    files.set(name, part.body.subarray(part.body.indexOf("\n") + 1)); // without its first line, as cloud-init runs it
    return `run_boothook ${words(name)}`;
  });
}

function scriptLines(parts: readonly UserDataPart[], files: Map<string, string | Buffer>): string[] {
  return parts.filter((part) => part.kind.startsWith("script")).map((part, index) => {
    const name = `part-${String(index + 1).padStart(3, "0")}`;
    files.set(name, part.body);
    const shown = part.name?.replace(/[^A-Za-z0-9._-]/g, "_").replace(/^\.+/, "");
    return `keep_script ${words(name, shown === undefined || shown === "" ? name : shown, part.kind.slice("script-".length))}`;
  });
}

/** A list of shell lines and of argument lists becomes one script, as cloud-init's shellify does it. */
function commandLines(commands: Value, name: string, files: Map<string, string | Buffer>, warn: (text: string) => void, call: (file: string) => string): string[] {
  if (commands === undefined || commands === null) return [];
  const lines = (typeof commands === "string" ? [commands] : listOf(commands)).flatMap((command): string[] => {
    if (Array.isArray(command)) return [command.map((word) => quote(textOf(word) ?? "")).join(" ")];
    const text = textOf(command);
    if (text !== undefined) return [text];
    if (command !== null) warn(`${name}: a command is a line or a list of words`);
    return [];
  });
  files.set(name, `#!/bin/sh\n${lines.join("\n")}\n`);
  return [call(name)];
}

function settingLines(config: CloudConfig): string[] {
  const lines: string[] = [];
  const timezone = textOf(config.timezone), locale = textOf(config.locale);
  if (timezone !== undefined) lines.push(`set_timezone ${quote(timezone)}`);
  if (locale !== undefined && locale !== "false") lines.push(`set_locale ${quote(locale)}`);
  return lines;
}

function packageLines(config: CloudConfig, warn: (text: string) => void): string[] {
  const names = listOf(config.packages).flatMap((item): string[] => {
    const name = Array.isArray(item) ? textOf(item[0]) : textOf(item);
    if (name === undefined) warn("packages: an entry is a name, or a name and a version");
    return name === undefined ? [] : [name];
  });
  return [
    ...(isTrue(config.package_update) || isTrue(config.apt_update) ? ["update_packages makecache"] : []),
    ...(isTrue(config.package_upgrade) || isTrue(config.apt_upgrade) ? ["update_packages upgrade"] : []),
    ...(names.length > 0 ? [`install_packages ${words(...names)}`] : []),
  ];
}

function powerLines(config: CloudConfig, warn: (text: string) => void): string[] {
  if (!isMapping(config.power_state)) return [];
  const mode = textOf(config.power_state.mode) ?? "";
  if (!["reboot", "poweroff", "halt"].includes(mode)) {
    warn(`power_state: mode '${mode}' is none`);
    return [];
  }
  const condition = config.power_state.condition;
  const test = condition === undefined || condition === true ? "true" : condition === false ? "false" : Array.isArray(condition) ? words(...condition.map(String)) : `sh -c ${quote(String(condition))}`;
  return [`if $first && ${test}; then change_power ${mode}; fi`];
}
