// Owns finding operations: the file src/<service>/<resource>/<operation>.ts is the operation, there is no list of them anywhere.
// The folders are listed once, a file is imported at its first call.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { assert } from "../lib/assert.ts";
import { serviceNamed, serviceNames, type ServiceName } from "./model.ts";
import type { Context } from "./operation.ts";
import { constantNameOf, fileNameOf } from "./operation-name.ts";

/** An operation as the wire calls it: the model has checked the input, types are the operation's own affair. */
export type AnyOperation = (input: Record<string, unknown>, ctx: Context) => object | void | Promise<object | void>;

export interface Operations {
  has(service: ServiceName, name: string): boolean;
  load(service: ServiceName, name: string): Promise<AnyOperation>;
}

const sources = new URL("..", import.meta.url).pathname;

/** @param root the folder that has the services' folders: src/ */
export function operationsIn(root: string = sources): Operations {
  const listings = new Map<ServiceName, ReadonlyMap<string, string>>();
  const filesOf = (service: ServiceName): ReadonlyMap<string, string> => {
    let files = listings.get(service);
    if (!files) listings.set(service, (files = list(join(root, service))));
    return files;
  };
  const loading = new Map<string, Promise<AnyOperation>>();
  const load = async (service: ServiceName, name: string): Promise<AnyOperation> => {
    const file = filesOf(service).get(fileNameOf(name));
    assert(file !== undefined, `${service} ${name} has a file`);
    const found = ((await import(pathToFileURL(file).href)) as Record<string, unknown>)[constantNameOf(name)];
    assert(typeof found === "function", `${file} exports ${constantNameOf(name)}`);
    return found as AnyOperation;
  };
  return {
    has: (service, name) => loading.has(`${service} ${name}`) || (serviceNamed(service)!.operation(name) !== undefined && filesOf(service).has(fileNameOf(name))),
    load: (service, name) => {
      const key = `${service} ${name}`;
      let operation = loading.get(key);
      if (!operation) loading.set(key, (operation = load(service, name)));
      return operation;
    },
  };
}

/** Every operation that has a file, by service. */
export function offeredOperations(operations: Operations): readonly { readonly service: ServiceName; readonly name: string }[] {
  return serviceNames.flatMap((service) => serviceNamed(service)!.operationNames.filter((name) => operations.has(service, name)).map((name) => ({ service, name })));
}

function list(folder: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const resource of readdirSync(folder, { withFileTypes: true })) {
    if (!resource.isDirectory()) continue;
    for (const file of readdirSync(join(folder, resource.name))) {
      if (file.endsWith(".ts") && !file.endsWith(".test.ts")) files.set(file.slice(0, -3), join(folder, resource.name, file));
    }
  }
  return files;
}
