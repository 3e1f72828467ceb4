// Owns talking to a box's daemon: JSON over HTTP on its control socket, which only root may open (docs/adr/0009).

import { boxesUp, controlSocket } from "./box-files.ts";
import { Failure, oneLine } from "./failure.ts";
import { request } from "./http.ts";

export interface Status {
  readonly box: string;
  readonly endpoint: string;
  readonly pid: number;
  readonly state: string;
  readonly version: string;
  readonly instances: Readonly<Record<string, number>>;
  readonly revision: number;
  readonly converged: boolean;
  readonly problems: readonly string[];
}
export interface ListedFlowLog { readonly id: string; readonly region: string; readonly resource: string; readonly traffic: string; readonly destination: string; readonly folder: string; readonly mark: string; readonly problem?: string }
export interface Drop { readonly interface: string; readonly instance: string; readonly name: string; readonly reason: string; readonly packets: number; readonly bytes: number }

/** Asks the daemon of `box`. @throws Failure with the daemon's own line, or saying that the box is not up. */
export async function ask<T>(box: string, method: "GET" | "POST", path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
  const answer = await askIfUp<T>(box, method, path, query);
  if (answer === undefined) throw new Failure(notUp(box));
  return answer;
}

/** As ask(), but undefined where no daemon answers: the box is down, or its daemon died. */
export function askIfUp<T>(box: string, method: "GET" | "POST", path: string, query: Readonly<Record<string, string>> = {}): Promise<T | undefined> {
  const search = new URLSearchParams(query).toString();
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: controlSocket(box), method, path: search === "" ? path : `${path}?${search}` }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => { text += chunk; });
      response.on("error", reject);
      response.on("end", () => {
        const body = parse(text);
        if (body === undefined) reject(new Failure(`the daemon of box ${box} gave no JSON to ${method} ${path}; is another version running? vpcbox --box ${box} down, then up`));
        else if (response.statusCode === 200) resolve(body as T);
        else reject(new Failure(oneLine((body as { error?: string }).error ?? `${method} ${path} failed with status ${response.statusCode}`)));
      });
    });
    call.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else if (error.code === "EACCES" || error.code === "EPERM") reject(new Failure("needs root: run it with sudo"));
      else reject(new Failure(`the daemon of box ${box} did not finish its answer to ${method} ${path}: ${error.message}`));
    });
    call.end();
  });
}

export function notUp(box: string): string {
  const others = boxesUp().filter((name) => name !== box);
  const hint = others.length > 0 ? ` (up now: ${others.join(", ")}; choose with --box NAME)` : "";
  return `box ${box} is not up${hint}; start it with: sudo npx vpcbox ${box === "default" ? "" : `--box ${box} `}up --detach`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
