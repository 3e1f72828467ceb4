// Owns the daemon's options: one JSON text, checked once, so that nothing below asks twice.

import { arch } from "node:os";

export interface DaemonOptions {
  readonly box: string;
  readonly host: string;
  readonly port: number; // 0: any free one
  readonly stateDir: string;
  readonly runDir: string;
  readonly accountId: string;
  readonly accessKeys: readonly { readonly id: string; readonly secret: string }[];
  readonly quotas: Readonly<Record<string, number>>;
  readonly timeScale: number; // how many times faster than the world's the clocks of flows and NAT gateways run
  readonly cleanup: boolean;
  readonly architecture: "x86_64" | "arm64";
}

export function parseOptions(text: string): DaemonOptions {
  const given = JSON.parse(text) as Partial<Omit<DaemonOptions, "quotas">> & { quotas?: Record<string, number | string> };
  const box = given.box ?? "default";
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(box)) throw new Error(`"${box}" is not a box name: use a-z, 0-9 and dashes, 31 characters at most`);
  const quotas = Object.fromEntries(Object.entries(given.quotas ?? {}).map(([name, value]) => [name, value === "unlimited" ? Infinity : Number(value)]));
  const timeScale = given.timeScale ?? 1;
  if (!Number.isInteger(timeScale) || timeScale < 1 || timeScale > 10_000) throw new Error(`a time scale of ${timeScale} is not a whole number from 1 to 10,000`);
  return {
    box,
    host: given.host ?? "127.0.0.1",
    port: given.port ?? 4566,
    stateDir: given.stateDir ?? `/var/lib/vpcbox/${box}`,
    runDir: given.runDir ?? `/run/vpcbox/${box}`,
    accountId: given.accountId ?? "000000000000",
    accessKeys: given.accessKeys && given.accessKeys.length > 0 ? given.accessKeys : [{ id: "test", secret: "test" }],
    quotas,
    timeScale,
    cleanup: given.cleanup ?? false,
    architecture: arch() === "arm64" ? "arm64" : "x86_64",
  };
}
