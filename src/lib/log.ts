// Owns the daemon's log: one line per event on stderr (the CLI sends it to STATE/daemon.log).

export type Level = "info" | "warn" | "error";

export function log(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const rest = Object.entries(fields).map(([k, v]) => ` ${k}=${typeof v === "string" ? JSON.stringify(v) : String(v)}`).join("");
  process.stderr.write(`${new Date().toISOString()} ${level} ${message}${rest}\n`);
}
