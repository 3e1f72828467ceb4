// Owns the API's HTTP server: one port for all services, each request on its way from bytes to an answer, and that nothing a client
// sends ends it. Steps: headers, body, signature, operation, input, run, answer.

import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { assert } from "../lib/assert.ts";
import { createServer } from "../lib/http.ts";
import { log } from "../lib/log.ts";
import { BodyRefused, bodyText, checkHeaders, ClientGone, isJson, lingerThenEnd, readBody } from "./body.ts";
import { openRequest, writeError, writeReply, type Reply } from "./codec.ts";
import type { Dispatch } from "./dispatch.ts";
import { Ec2Error } from "./error.ts";
import { AuthFault, authError, unknownOperation } from "./faults.ts";
import { protocolOf, serviceNamed, serviceNames, type Protocol, type ServiceName } from "./model.ts";
import type { Session } from "./sessions.ts";
import { claimedService, verify } from "./sigv4.ts";
import { strayMember } from "./stray.ts";

export interface ApiOptions {
  readonly dispatch: Dispatch;
  /** The secret of an access key id; undefined when there is no such key. */
  secrets(accessKeyId: string): string | undefined;
  /** What the token of temporary credentials says; none when the box gives no such credentials. */
  sessionOf?(accessKeyId: string, token: string): Session | undefined;
  isRegion?(name: string): boolean;
  now?(): Date;
  /** For tests: an output with members that the model does not have is a bug and answers 500. */
  readonly strictOutput?: boolean;
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_TIMEOUT_MS = 60_000;
const MAX_HEADER_BYTES = 64 * 1024; // GET has all its parameters here

/** The server, not yet listening. */
export function createApi(options: ApiOptions): Server {
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: 5_000, maxHeaderSize: MAX_HEADER_BYTES, noDelay: true,
  });
  const serve = (request: IncomingMessage, response: ServerResponse): void => void answer(options, request, response).catch((error: unknown) => {
    log("error", "an answer could not be written", { error: String(error) });
    request.socket.destroy();
  });
  server.on("request", serve);
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    if (!refused(request)) response.writeContinue();
    serve(request, response);
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseUnreadable(error, socket));
  return server;
}

async function answer(options: ApiOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const requestId = randomUUID();
  const call: { service?: ServiceName | undefined; operation?: string } = { service: guessService(request) };
  let reply: Reply;
  let unread = false;
  try {
    reply = await handle(options, request, requestId, call);
  } catch (error) {
    if (error instanceof ClientGone) return;
    unread = error instanceof BodyRefused;
    reply = errorReply(error, requestId, call);
  }
  if (unread) response.setHeader("connection", "close");
  response.writeHead(reply.status, { "content-type": reply.contentType, "content-length": lengthOf(reply.body), "x-amzn-requestid": requestId, ...reply.headers });
  for (const piece of reply.body) response.write(piece);
  if (!unread) {
    response.end();
    return;
  }
  lingerThenEnd(request, response);
}

const lengthOf = (pieces: readonly Buffer[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);

async function handle(options: ApiOptions, request: IncomingMessage, requestId: string, call: { service?: ServiceName | undefined; operation?: string }): Promise<Reply> {
  checkHeaders(request);
  const body = await readBody(request);
  const url = request.url ?? "/";
  const who = verify({ method: request.method ?? "", url, headers: request.headersDistinct, body }, {
    secretOf: (id) => options.secrets(id),
    sessionOf: (id, token) => options.sessionOf?.(id, token),
    isRegion: options.isRegion ?? looksLikeRegion,
    isService: (name) => serviceNamed(name) !== undefined,
    now: options.now ?? (() => new Date()),
  });
  const service = serviceNamed(who.service)!;
  const sentJson = isJson(request.headers["content-type"] ?? "");
  if (body.length > 0 && sentJson !== (service.protocol === "awsJson")) throw new Ec2Error("UnsupportedMediaType", `The content type is not one of ${service.name}.`, 415);
  const at = url.indexOf("?");
  const target = request.headers["x-amz-target"];
  const opened = openRequest(service, { query: at < 0 ? "" : url.slice(at + 1), target: typeof target === "string" ? target : undefined, body: await bodyText(request, body) });
  call.operation = opened.operation;
  const shape = service.operation(opened.operation);
  if (!shape || !options.dispatch.has(service.name, opened.operation)) throw unknownOperation(service.protocol, opened.operation);
  const output = await options.dispatch.run({ service: service.name, shape, region: who.region, accessKeyId: who.accessKeyId, principal: who.principal, requestId, input: opened.readInput(shape) });
  if (options.strictOutput) assertModelled(shape.name, strayMember(shape.output, output));
  return writeReply(service, shape, opened.version, output, requestId);
}

function assertModelled(operation: string, stray: string | undefined): void {
  assert(stray === undefined, `${operation} answered with ${stray}, which its model does not have`);
}

function errorReply(error: unknown, requestId: string, call: { readonly service?: ServiceName | undefined; readonly operation?: string }): Reply {
  const name: ServiceName = call.service ?? "ec2";
  const protocol = protocolOf(name);
  return writeError(protocol, protocol === "awsQuery" ? serviceNamed(name) : undefined, asEc2Error(error, protocol, requestId, call.operation), requestId);
}

function asEc2Error(error: unknown, protocol: Protocol, requestId: string, operation: string | undefined): Ec2Error {
  if (error instanceof Ec2Error) return error;
  if (error instanceof AuthFault) return authError(protocol, error);
  log("error", "a call failed by a bug of ours", { requestId, operation: operation ?? "", error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  return protocol === "awsJson" ? new Ec2Error("InternalServerError", "An internal error has occurred", 500) : new Ec2Error("InternalError", "An internal error has occurred", 500);
}

/** In whose words a refusal is written: the service of the credential, signed or not; without one JSON means SSM, and forms EC2. */
function guessService(request: IncomingMessage): ServiceName | undefined {
  const claimed = claimedService({ url: request.url ?? "/", headers: request.headersDistinct });
  const known = serviceNames.find((name) => name === claimed);
  return known ?? (typeof request.headers["x-amz-target"] === "string" ? "ssm" : undefined);
}

function refused(request: IncomingMessage): boolean {
  try {
    checkHeaders(request);
    return false;
  } catch {
    return true;
  }
}

/** What is no HTTP, has too many headers or comes too slowly. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, text] = error.code === "HPE_HEADER_OVERFLOW" ? ["431", "Request Header Fields Too Large"] : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? ["408", "Request Timeout"] : ["400", "Bad Request"];
  const { body, contentType } = writeError("ec2Query", undefined, new Ec2Error("MalformedHTTPRequestException", `${text}.`), randomUUID());
  socket.end(`HTTP/1.1 ${status} ${text}\r\ncontent-type: ${contentType}\r\ncontent-length: ${lengthOf(body)}\r\nconnection: close\r\n\r\n${body.join("")}`);
}

const looksLikeRegion = (name: string): boolean => /^[a-z]{2}(-[a-z]+){1,2}-[1-9]$/.test(name);
