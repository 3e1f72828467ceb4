// Owns taking a request's body in: what is refused before a byte of it is read, how much is read at most, and how a connection ends
// whose body nobody wants.

import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Ec2Error } from "./error.ts";

export const MAX_BODY_BYTES = 1024 * 1024;
const LINGER_MS = 1000;
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** A refusal after which the connection ends: the rest of the body is on its way and not read. */
export class BodyRefused extends Ec2Error {}
/** The client went away before it had said everything: there is nobody to answer. */
export class ClientGone extends Error {}

const tooLarge = (): BodyRefused => new BodyRefused("RequestEntityTooLarge", `The request is larger than ${MAX_BODY_BYTES} bytes.`, 413);

/** Refuses by the headers alone. */
export function checkHeaders(request: IncomingMessage): void {
  const { method, headers } = request;
  if (method !== "POST" && method !== "GET") throw new BodyRefused("InvalidHTTPMethod", `The HTTP method ${method} is not supported. Use POST or GET.`, 405);
  if (Number(headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  const type = (headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (hasBody && !isForm(type) && !isJson(type)) throw new BodyRefused("UnsupportedMediaType", `The content type '${type.slice(0, 100)}' is not supported.`, 415);
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "gzip" && encoding !== "identity") throw new BodyRefused("UnsupportedMediaType", "The content encoding is not supported.", 415);
}

const isForm = (type: string): boolean => type === "application/x-www-form-urlencoded";
export const isJson = (type: string): boolean => /^application\/(x-amz-json-1\.[01]|json)\b/.test(type);

/** The body as it was sent. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) {
        request.removeAllListeners("data").pause();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", () => reject(new ClientGone()));
    request.on("close", () => { if (!request.complete) reject(new ClientGone()); });
  });
}

/** What the body says, once its signature is known to be good. */
export async function bodyText(request: IncomingMessage, body: Buffer): Promise<string> {
  if (request.headers["content-encoding"] !== "gzip" || body.length === 0) return body.toString("utf8");
  try {
    return (await promisify(gunzip)(body, { maxOutputLength: MAX_BODY_BYTES })).toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new Ec2Error("MalformedQueryString", "The body is not what its content encoding says.");
  }
}

/**
 * Ends an answer that has been written in full, and with it the connection, when the rest of the body has come or a moment has passed.
 * What still comes is thrown away: closing at once would reset the connection, and the client might never see the answer (RFC 9112, 9.6).
 */
export function lingerThenEnd(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) {
    response.end();
    return;
  }
  let discarded = 0;
  const end = (): void => {
    clearTimeout(timer);
    request.pause();
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  request.removeAllListeners("data").on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) end();
  });
  request.once("end", end).once("close", () => clearTimeout(timer)).resume();
}
