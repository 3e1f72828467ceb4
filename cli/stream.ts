// Owns answers of the daemon that go on (drops --follow, capture): their bytes as they come, Ctrl-C, and their last words.

import { controlSocket } from "./box-files.ts";
import { notUp } from "./control.ts";
import { Failure, oneLine } from "./failure.ts";
import { request } from "./http.ts";

const PATIENCE_MS = 2000;

/**
 * Hands on what comes until the daemon ends it, or Ctrl-C does; answers what the daemon says last. A second Ctrl-C does not wait for it.
 * @param onBytes may throw, which ends it
 */
export function follow<T extends object>(box: string, path: string, query: Readonly<Record<string, string>>, onBytes: (bytes: Buffer) => void): Promise<T> {
  const search = new URLSearchParams(query).toString();
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: controlSocket(box), method: "POST", path: search === "" ? path : `${path}?${search}`, headers: { "transfer-encoding": "chunked" } }, (response) => {
      const refusal: Buffer[] = [];
      response.on("data", (bytes: Buffer) => {
        if (response.statusCode !== 200) return void refusal.push(bytes);
        try {
          onBytes(bytes);
        } catch (error) {
          done();
          call.destroy();
          reject(error as Error);
        }
      });
      response.on("error", () => reject(new Failure(`the daemon of box ${box} ended; see: vpcbox --box ${box} status`)));
      response.on("end", () => {
        done();
        const last = response.trailers["x-vpcbox-end"];
        if (response.statusCode !== 200) reject(new Failure(oneLine((JSON.parse(Buffer.concat(refusal).toString()) as { error: string }).error)));
        else if (typeof last !== "string") reject(new Failure(`the daemon of box ${box} ended in the middle`));
        else resolve(JSON.parse(decodeURIComponent(last)) as T);
      });
    });
    const enough = (): void => {
      process.once("SIGINT", () => process.exit(130));
      call.end();
      setTimeout(() => { call.destroy(); reject(new Failure(`the daemon of box ${box} does not answer`)); }, PATIENCE_MS).unref();
    };
    const done = (): void => { for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, enough); };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, enough);
    call.on("error", (error: NodeJS.ErrnoException) => {
      done();
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") reject(new Failure(notUp(box)));
      else if (error.code === "EACCES" || error.code === "EPERM") reject(new Failure("needs root: run it with sudo"));
      else reject(new Failure(`the daemon of box ${box} ended; see: vpcbox --box ${box} status`));
    });
    call.flushHeaders();
  });
}
