// Owns the protocols' envelopes: from the bytes of a request to an operation's name and input, and from its output or refusal to
// the bytes of the answer (EC2 API reference, "Query requests"; Smithy, "AWS query protocol", "AWS JSON 1.1 protocol").

import { Ec2Error } from "./error.ts";
import { malformed, missingParameter, unknownParameter } from "./faults.ts";
import { parseForm, readForm, takeText, unusedParameter } from "./form.ts";
import { readJson, toJson } from "./json.ts";
import type { OperationShape, Protocol, Service } from "./model.ts";
import { xmlPieces, xmlText } from "./xml.ts";

/** A request of which the operation's name is known, and its input not yet read. */
export interface Request {
  readonly operation: string;
  readonly version: string; // the API version it asked for
  readInput(shape: OperationShape): Record<string, unknown>;
}
export interface Reply { readonly status: number; readonly contentType: string; readonly body: readonly Buffer[]; readonly headers?: Readonly<Record<string, string>> }

export interface RequestParts {
  readonly query: string; // without the question mark
  readonly target: string | undefined; // the header X-Amz-Target
  readonly body: string;
}

/** @throws Ec2Error when it cannot be read or names no operation. */
export function openRequest(service: Service, parts: RequestParts): Request {
  return service.protocol === "awsJson" ? openJson(service, parts) : openForm(service, service.protocol, parts);
}

function openJson(service: Service, parts: RequestParts): Request {
  const operation = /^[A-Za-z]\w*\.(\w+)$/.exec(parts.target ?? "")?.[1] ?? "";
  return {
    operation, version: service.version,
    readInput: (shape) => {
      let tree: unknown;
      try {
        tree = parts.body === "" ? {} : JSON.parse(parts.body);
      } catch {
        throw malformed("awsJson", "The body is not a JSON document.");
      }
      return shape.input.kind === "unit" ? {} : readJson(shape.input, tree);
    },
  };
}

// What may stand in a form beside the operation's parameters: presigned URLs have their signature there.
const isEnvelope = (name: string): boolean => /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token|User-Agent|Content-Sha256)$/i.test(name);

function openForm(service: Service, protocol: Exclude<Protocol, "awsJson">, parts: RequestParts): Request {
  const root = parseForm([parts.query, parts.body], protocol);
  for (const [name, node] of root.children) if (isEnvelope(name)) node.used = true;
  const operation = takeText(root, "Action") ?? "";
  const version = takeText(root, "Version");
  if (operation !== "" && version === undefined) throw missingParameter(protocol, "Version");
  if (version !== undefined && !/^\d{4}-\d\d-\d\d$/.test(version)) throw new Ec2Error("NoSuchVersion", `The requested version (${version.slice(0, 50)}) is not valid`);
  return {
    operation, version: version ?? service.version,
    readInput: (shape) => {
      const input = shape.input.kind === "unit" ? {} : readForm(shape.input, root, protocol);
      const unused = protocol === "ec2Query" ? unusedParameter(root) : undefined; // awsQuery services let them be
      if (unused !== undefined) throw unknownParameter(unused);
      return input;
    },
  };
}

export function writeReply(service: Service, shape: OperationShape, version: string, output: object, requestId: string): Reply {
  const unit = shape.output.kind === "unit";
  if (service.protocol === "awsJson") return { status: 200, contentType: "application/x-amz-json-1.1", body: [Buffer.from(JSON.stringify(unit ? {} : toJson(shape.output, output)))] };
  const name = shape.name;
  const xmlns = `${service.xmlns}${version}/`;
  const members = unit ? [] : xmlPieces(shape.output, output);
  if (service.protocol === "ec2Query") {
    // Operations without output answer <return>true</return>; it stands in no model.
    return xml(200, [`<${name}Response xmlns="${xmlns}"><requestId>${requestId}</requestId>`, ...(unit ? ["<return>true</return>"] : members), `</${name}Response>`]);
  }
  const result = unit ? [] : [`<${name}Result>`, ...members, `</${name}Result>`];
  return xml(200, [`<${name}Response xmlns="${xmlns}">`, ...result, `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`]);
}

export function writeError(protocol: Protocol, service: Service | undefined, error: Ec2Error, requestId: string): Reply {
  if (protocol === "awsJson")
    return { status: error.status, contentType: "application/x-amz-json-1.1", headers: { "x-amzn-errortype": error.code }, body: [Buffer.from(JSON.stringify({ __type: error.code, message: error.message, Message: error.message }))] };
  const inner = `<Code>${xmlText(error.code)}</Code><Message>${xmlText(error.message)}</Message>`;
  if (protocol === "ec2Query") return xml(error.status, [`<Response><Errors><Error>${inner}</Error></Errors><RequestID>${requestId}</RequestID></Response>`]);
  const type = error.status < 500 ? "Sender" : "Receiver";
  const xmlns = service ? ` xmlns="${service.xmlns}${service.version}/"` : "";
  return xml(error.status, [`<ErrorResponse${xmlns}><Error><Type>${type}</Type>${inner}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`]);
}

const PIECE_CHARACTERS = 32 * 1024;

/** Pieces put together to middling ones: memory for long ones comes page by page from the kernel, each time. */
function xml(status: number, pieces: readonly string[]): Reply {
  const body: Buffer[] = [];
  let text = `<?xml version="1.0" encoding="UTF-8"?>\n`;
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE_CHARACTERS) continue;
    body.push(Buffer.from(text));
    text = "";
  }
  if (text !== "") body.push(Buffer.from(text));
  return { status, contentType: "text/xml;charset=UTF-8", body };
}
