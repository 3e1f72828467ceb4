// Owns #cloud-config (cloud-init, "Module reference"): YAML 1.1 to the values that this box's first boot knows, merged part by part as
// cloud-init merges them. What is not known is named, so that it is said and not silently passed over.

import { parse } from "yaml";

export type Value = unknown;
export type CloudConfig = Readonly<Record<string, Value>>;

/** What first-boot.ts acts on. */
const acted = new Set([
  "bootcmd", "runcmd", "write_files", "hostname", "fqdn", "preserve_hostname", "prefer_fqdn_over_hostname", "manage_etc_hosts", "users", "user", "groups", "ssh_authorized_keys", "ssh_pwauth", "disable_root",
  "chpasswd", "password", "packages", "package_update", "package_upgrade", "apt_update", "apt_upgrade", "package_reboot_if_required", "timezone", "locale", "final_message", "power_state",
]);
/** What asks for nothing that an instance of a box has otherwise. */
const granted = new Set(["merge_how", "merge_type", "output", "repo_upgrade", "repo_releasever", "ssh_deletekeys", "ssh_quiet_keygen", "growpart", "resize_rootfs", "manage_resolv_conf", "no_ssh_fingerprints", "ssh", "datasource", "cloud_init_modules", "cloud_config_modules", "cloud_final_modules"]);

/** @throws what is wrong with it, in one line */
export function parseCloudConfig(text: string): CloudConfig {
  const value: unknown = parse(text, { version: "1.1", maxAliasCount: 100, logLevel: "error" });
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new Error(`it is a ${Array.isArray(value) ? "list" : typeof value} where a mapping is wanted`);
  return value as CloudConfig;
}

/** The later part's value takes an earlier one's place, unless the part says how to merge (cloud-init, "Merging user data sections"). */
export function mergeCloudConfig(before: CloudConfig, next: CloudConfig): CloudConfig {
  const how = mergersOf(next.merge_how ?? next.merge_type);
  return mergeMappings(before, next, how, true);
}

interface Mergers { readonly list: "replace" | "append" | "prepend" | "keep"; readonly deep: boolean; readonly keep: boolean }

function mergersOf(value: Value): Mergers {
  const given = typeof value === "string" ? value : Array.isArray(value) ? (value as { name?: string; settings?: string[] }[]).map((m) => `${m?.name}(${(m?.settings ?? []).join(",")})`).join("+") : "";
  const settings = (name: string): readonly string[] | undefined => new RegExp(`${name}\\(([^)]*)\\)`).exec(given)?.[1]?.split(",").map((s) => s.trim());
  const list = settings("list") ?? [];
  const dict = settings("dict") ?? ["replace"];
  return {
    list: list.includes("append") ? "append" : list.includes("prepend") ? "prepend" : list.includes("no_replace") ? "keep" : "replace",
    deep: given !== "" && (dict.includes("recurse_dict") || dict.includes("recurse_list") || dict.includes("recurse_array") || list.includes("append") || list.includes("prepend")),
    keep: given !== "" && dict.includes("no_replace"),
  };
}

function mergeMappings(before: CloudConfig, next: CloudConfig, how: Mergers, top: boolean): CloudConfig {
  const merged: Record<string, Value> = { ...before };
  for (const [key, value] of Object.entries(next)) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old === undefined) merged[key] = value;
    else if (Array.isArray(old) && Array.isArray(value) && how.list !== "replace") merged[key] = how.list === "append" ? [...old, ...value] : how.list === "prepend" ? [...value, ...old] : old;
    else if (isMapping(old) && isMapping(value) && how.deep) merged[key] = mergeMappings(old, value, how, false);
    else if (!how.keep || (top && key.startsWith("merge_"))) merged[key] = value;
  }
  return merged;
}

export const isMapping = (value: Value): value is CloudConfig => typeof value === "object" && value !== null && !Array.isArray(value);
export const listOf = (value: Value): readonly Value[] => (Array.isArray(value) ? value : value === undefined || value === null || value === "" ? [] : [value]);
export const textOf = (value: Value): string | undefined => (typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : undefined);
export const isTrue = (value: Value): boolean => value === true || (typeof value === "string" && /^(true|yes|on|1)$/i.test(value)) || value === 1;

/** Keys that this box does nothing about. */
export const unknownKeys = (config: CloudConfig): readonly string[] => Object.keys(config).filter((key) => !acted.has(key) && !granted.has(key));
