// Owns how each protocol words a refusal of the request itself: the same fault has other codes, statuses and texts in EC2, in
// awsQuery services and in JSON services (EC2 API reference, "Error codes"; STS and SSM API reference, "Common errors").

import { Ec2Error } from "./error.ts";
import type { Protocol } from "./model.ts";

/** What is wrong with a signature. */
export type AuthFaultKind = "missing" | "incomplete" | "expired" | "scope" | "unknownKey" | "badToken" | "expiredToken" | "mismatch";

export class AuthFault extends Error {
  readonly kind: AuthFaultKind;
  readonly service: string | undefined; // of the credential's scope, as far as it could be read
  constructor(kind: AuthFaultKind, message: string, service?: string) {
    super(message);
    this.kind = kind;
    this.service = service;
  }
}

const authCodes: Readonly<Record<Protocol, Readonly<Record<AuthFaultKind, readonly [code: string, status: number]>>>> = {
  ec2Query: {
    missing: ["MissingAuthenticationToken", 403], incomplete: ["IncompleteSignature", 400], expired: ["RequestExpired", 400], scope: ["AuthFailure", 401],
    unknownKey: ["AuthFailure", 401], badToken: ["AuthFailure", 401], expiredToken: ["RequestExpired", 400], mismatch: ["SignatureDoesNotMatch", 403],
  },
  awsQuery: {
    missing: ["MissingAuthenticationToken", 403], incomplete: ["IncompleteSignature", 400], expired: ["SignatureDoesNotMatch", 403], scope: ["SignatureDoesNotMatch", 403],
    unknownKey: ["InvalidClientTokenId", 403], badToken: ["InvalidClientTokenId", 403], expiredToken: ["ExpiredToken", 403], mismatch: ["SignatureDoesNotMatch", 403],
  },
  awsJson: {
    missing: ["MissingAuthenticationTokenException", 400], incomplete: ["IncompleteSignatureException", 400], expired: ["InvalidSignatureException", 400], scope: ["InvalidSignatureException", 400],
    unknownKey: ["UnrecognizedClientException", 400], badToken: ["UnrecognizedClientException", 400], expiredToken: ["ExpiredTokenException", 400], mismatch: ["InvalidSignatureException", 400],
  },
};

export function authError(protocol: Protocol, fault: AuthFault): Ec2Error {
  const [code, status] = authCodes[protocol][fault.kind];
  if (fault.kind === "expiredToken") return new Ec2Error(code, protocol === "ec2Query" ? "Request has expired." : "The security token included in the request is expired", status);
  const aboutKey = fault.kind === "unknownKey" || fault.kind === "badToken";
  const message = !aboutKey ? fault.message : protocol === "ec2Query" ? "AWS was not able to validate the provided access credentials" : "The security token included in the request is invalid.";
  return new Ec2Error(code, message, status);
}

export function unknownOperation(protocol: Protocol, name: string): Ec2Error {
  if (protocol === "awsJson") return new Ec2Error("UnknownOperationException", `The action ${name} is not valid for this web service.`);
  return name === ""
    ? new Ec2Error("MissingAction", "The request must contain the parameter Action")
    : new Ec2Error("InvalidAction", `The action ${name} is not valid for this web service.`);
}

// The operations of EC2's first years name parameters as they are sent, the later ones begin with a small letter.
const namedAsSent = new Set([
  "InstanceId", "ImageId", "KeyName", "PublicKeyMaterial", "GroupName", "GroupDescription", "VolumeId", "SnapshotId", "PublicIp", "MinCount", "MaxCount",
  "ResourceId", "Tag", "Attribute", "Action", "Version", "SpotInstanceRequestId",
]);

export function missingParameter(protocol: Protocol, path: string): Ec2Error {
  if (protocol !== "ec2Query") return invalid(protocol, `Value null at '${lowerFirst(path)}' failed to satisfy constraint: Member must not be null`);
  return new Ec2Error("MissingParameter", `The request must contain the parameter ${namedAsSent.has(path) ? path : lowerFirst(path)}`);
}

export function unknownParameter(path: string): Ec2Error {
  return new Ec2Error("UnknownParameter", `The parameter ${path} is not recognized`);
}

/** @param expected "a number", "true or false" */
export function wrongType(protocol: Protocol, path: string, value: string, expected: string): Ec2Error {
  if (protocol === "ec2Query") return new Ec2Error("InvalidParameterValue", `Invalid value '${shortened(value)}' for ${path}. Expecting ${expected}.`);
  if (protocol === "awsQuery") return new Ec2Error("MalformedInput", `Invalid value '${shortened(value)}' for ${path}. Expecting ${expected}.`);
  return new Ec2Error("SerializationException", `Expecting ${expected} at '${path === "" ? "the top level" : path}'.`);
}

export function notInEnum(protocol: Protocol, path: string, value: string, allowed: ReadonlySet<string>): Ec2Error {
  if (protocol === "ec2Query") {
    const list = allowed.size <= 12 ? ` Valid values are: ${[...allowed].join(", ")}.` : "";
    return new Ec2Error("InvalidParameterValue", `Invalid value '${shortened(value)}' for ${path}.${list}`);
  }
  return invalid(protocol, `Value '${shortened(value)}' at '${lowerFirst(path)}' failed to satisfy constraint: Member must satisfy enum value set: [${[...allowed].join(", ")}]`);
}

/** What cannot be read at all, or goes beyond a limit of depth or number. */
export function malformed(protocol: Protocol, message: string): Ec2Error {
  return new Ec2Error(protocol === "awsJson" ? "SerializationException" : "MalformedQueryString", message);
}

const invalid = (protocol: Protocol, text: string): Ec2Error => new Ec2Error(protocol === "awsJson" ? "ValidationException" : "ValidationError", `1 validation error detected: ${text}`);
const lowerFirst = (s: string): string => s.charAt(0).toLowerCase() + s.slice(1);
const shortened = (s: string): string => (s.length > 200 ? `${s.slice(0, 200)}...` : s);
