// Owns the control socket: what the `vpcbox` command asks the daemon. HTTP over a unix socket that only root can open; routes and
// shapes are listed in docs/adr (the CLI enters namespaces by the command line that the daemon gives it).

import { chmodSync, rmSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Stream, sendStream } from "./control-stream.ts";
import { createServer } from "./lib/http.ts";
import { log } from "./lib/log.ts";

/** A refusal to the CLI: one plain line. */
export class ControlError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type ControlRoute = (query: URLSearchParams) => Promise<unknown> | unknown;

/** @param routes "GET /status" -> what answers it, as JSON; or a Stream. */
export async function openControl(path: string, routes: Readonly<Record<string, ControlRoute>>): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer((request, response) => { void answer(request, response, routes); });
  const mask = process.umask(0o177); // no moment at which another user could open it
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: Readonly<Record<string, ControlRoute>>): Promise<void> {
  request.resume();
  let status = 200;
  let body: unknown;
  try {
    const url = new URL(request.url ?? "/", "http://control");
    const key = `${request.method} ${url.pathname}`;
    const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
    if (!route) throw new ControlError(404, `no such control request: ${key}`);
    body = await route(url.searchParams);
    if (body instanceof Stream) return sendStream(request, response, body);
  } catch (error) {
    status = error instanceof ControlError ? error.status : 500;
    if (status === 500) log("error", "control request failed", { url: request.url ?? "", error: (error as Error).stack ?? String(error) });
    body = { error: (error as Error).message };
  }
  const text = JSON.stringify(body ?? {});
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}
