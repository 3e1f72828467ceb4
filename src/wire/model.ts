// Owns the shapes of every operation's input and output, out of generated/<service>.json (made by tools/extract-model.ts from the
// pinned SDK). A service's file is read at its first request, a shape is built at its first use.

import { readFileSync } from "node:fs";

export type ServiceName = "ec2" | "iam" | "sts" | "ssm";
/** AWS's names for how a service speaks: forms in and XML out in two dialects, or JSON 1.1. */
export type Protocol = "ec2Query" | "awsQuery" | "awsJson";
export type Kind = "struct" | "list" | "map" | "string" | "number" | "boolean" | "time" | "blob" | "document" | "unit";

export interface Member {
  readonly name: string; // as the SDK has it: VpcIds
  readonly ec2: string; // in an EC2 form: VpcId
  readonly xml: string; // in XML, and in an awsQuery form: vpcId
  readonly open: string; // its element's tags, made once
  readonly close: string;
  readonly empty: string;
  readonly flat: boolean; // a list without an element around its items
  readonly values: ReadonlySet<string> | undefined; // of an enumeration, of each item where it is a list
  readonly shape: Shape;
}
export interface Shape {
  readonly kind: Kind;
  readonly name: string;
  readonly members: readonly Member[]; // of a struct
  readonly required: number; // so many of the members, the first ones, must be there
  readonly item: Member | undefined; // of a list
  readonly key: Member | undefined; // of a map
  readonly value: Member | undefined;
}
export interface OperationShape { readonly name: string; readonly input: Shape; readonly output: Shape }

export interface Service {
  readonly name: ServiceName;
  readonly protocol: Protocol;
  readonly xmlns: string; // before the version
  readonly version: string; // the only one AWS has for years
  readonly operationNames: readonly string[];
  operation(name: string): OperationShape | undefined;
}

const known: Readonly<Record<ServiceName, { protocol: Protocol; xmlns: string; version: string }>> = {
  ec2: { protocol: "ec2Query", xmlns: "http://ec2.amazonaws.com/doc/", version: "2016-11-15" },
  iam: { protocol: "awsQuery", xmlns: "https://iam.amazonaws.com/doc/", version: "2010-05-08" },
  sts: { protocol: "awsQuery", xmlns: "https://sts.amazonaws.com/doc/", version: "2011-06-15" },
  ssm: { protocol: "awsJson", xmlns: "http://ssm.amazonaws.com/doc/", version: "2014-11-06" },
};
export const serviceNames: readonly ServiceName[] = Object.keys(known) as ServiceName[];

const loaded = new Map<string, Service>();

/** The service of that name in a credential's scope; undefined when the box has none. */
export function serviceNamed(name: string): Service | undefined {
  if (!Object.hasOwn(known, name)) return undefined;
  let service = loaded.get(name);
  if (!service) loaded.set(name, (service = load(name as ServiceName)));
  return service;
}

export const protocolOf = (name: ServiceName): Protocol => known[name].protocol;

type MemberRow = readonly [name: string, shape: number, xml?: string | 0, ec2?: string | 0, flat?: 0 | 1, values?: string | 0];
type ShapeRow = readonly ["struct", string, number, readonly MemberRow[]] | readonly ["list", MemberRow] | readonly ["map", MemberRow, MemberRow] | readonly [Exclude<Kind, "struct" | "list" | "map">];
interface Generated { readonly operations: Readonly<Record<string, readonly [number, number]>>; readonly enums: Readonly<Record<string, readonly string[]>>; readonly shapes: readonly ShapeRow[] }

/** Values that AWS takes and its model lacks: the Reachability Analyzer guide writes `--protocol TCP`. */
const alsoTaken: Readonly<Record<string, readonly string[]>> = { Protocol: ["TCP", "UDP"] };

function load(name: ServiceName): Service {
  const generated = JSON.parse(readFileSync(new URL(`./generated/${name}.json`, import.meta.url), "utf8")) as Generated;
  const shapes: (Shape | undefined)[] = [];
  const sets = new Map<string, ReadonlySet<string>>();
  const valuesOf = (enumName: string): ReadonlySet<string> => {
    let set = sets.get(enumName);
    if (!set) sets.set(enumName, (set = new Set([...generated.enums[enumName]!, ...(alsoTaken[enumName] ?? [])])));
    return set;
  };
  const member = ([memberName, shape, xmlName, ec2Name, flat, enumName]: MemberRow): Member => {
    const xml = xmlName || memberName;
    let built: Shape | undefined;
    return {
      name: memberName, xml, ec2: ec2Name || xml.charAt(0).toUpperCase() + xml.slice(1), flat: flat === 1,
      open: `<${xml}>`, close: `</${xml}>`, empty: `<${xml}/>`,
      values: enumName ? valuesOf(enumName) : undefined,
      get shape() { return (built ??= shapeAt(shape)); },
    };
  };
  const shapeAt = (index: number): Shape => (shapes[index] ??= build(generated.shapes[index]!));
  const build = (row: ShapeRow): Shape => ({
    kind: row[0],
    name: row[0] === "struct" ? row[1] : "",
    required: row[0] === "struct" ? row[2] : 0,
    members: row[0] === "struct" ? row[3].map(member) : [],
    item: row[0] === "list" ? member(row[1]) : undefined,
    key: row[0] === "map" ? member(row[1]) : undefined,
    value: row[0] === "map" ? member(row[2]) : undefined,
  });
  return {
    name, ...known[name],
    operationNames: Object.keys(generated.operations),
    operation: (operationName) => {
      if (!Object.hasOwn(generated.operations, operationName)) return undefined;
      const [input, output] = generated.operations[operationName]!;
      return { name: operationName, get input() { return shapeAt(input); }, get output() { return shapeAt(output); } };
    },
  };
}
