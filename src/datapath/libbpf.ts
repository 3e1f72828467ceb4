// Owns the calls into libbpf (koffi): loading the object, pinned maps, reading and writing them, tc attachment, test runs.
// libbpf 1.0 and newer. Everything is synchronous.

import { closeSync } from "node:fs";
import koffi, { type LibraryHandle, type TypeObject } from "koffi";

type Handle = unknown;

function load(): LibraryHandle {
  try {
    return koffi.load("libbpf.so.1");
  } catch {
    throw new Error("libbpf.so.1 is missing: apt install libbpf1");
  }
}

let bound: ReturnType<typeof bind> | undefined;
const lib = (): ReturnType<typeof bind> => (bound ??= bind(load()));

function bind(so: LibraryHandle) {
  return {
    setPrint: so.func("void *libbpf_set_print(void *callback)"),
    openFile: so.func("void *bpf_object__open_file(const char *path, void *options)"),
    loadObject: so.func("int bpf_object__load(void *object)"),
    closeObject: so.func("void bpf_object__close(void *object)"),
    findMap: so.func("void *bpf_object__find_map_by_name(void *object, const char *name)"),
    findProgram: so.func("void *bpf_object__find_program_by_name(void *object, const char *name)"),
    mapFd: so.func("int bpf_map__fd(void *map)"),
    keySize: so.func("uint32_t bpf_map__key_size(void *map)"),
    valueSize: so.func("uint32_t bpf_map__value_size(void *map)"),
    programFd: so.func("int bpf_program__fd(void *program)"),
    setInitialValue: so.func("int bpf_map__set_initial_value(void *map, const uint8_t *data, size_t size)"),
    setMaxEntries: so.func("int bpf_map__set_max_entries(void *map, uint32_t entries)"),
    setPinPath: so.func("int bpf_map__set_pin_path(void *map, const char *path)"),
    update: so.func("int bpf_map_update_elem(int fd, const uint8_t *key, const uint8_t *value, uint64_t flags)"),
    remove: so.func("int bpf_map_delete_elem(int fd, const uint8_t *key)"),
    lookup: so.func("int bpf_map_lookup_elem(int fd, const uint8_t *key, _Out_ uint8_t *value)"),
    nextKey: so.func("int bpf_map_get_next_key(int fd, const uint8_t *key, _Out_ uint8_t *next)"),
    lookupBatch: so.func("int bpf_map_lookup_batch(int fd, const uint8_t *inBatch, _Out_ uint8_t *outBatch, _Out_ uint8_t *keys, _Out_ uint8_t *values, _Inout_ uint32_t *count, const uint8_t *options)"),
    deleteBatch: so.func("int bpf_map_delete_batch(int fd, const uint8_t *keys, _Inout_ uint32_t *count, const uint8_t *options)"),
    hookCreate: so.func("int bpf_tc_hook_create(uint8_t *hook)"),
    attach: so.func("int bpf_tc_attach(const uint8_t *hook, uint8_t *options)"),
    attachProgram: so.func("int bpf_prog_attach_opts(int fd, int target, int type, const uint8_t *options)"),
    queryPrograms: so.func("int bpf_prog_query(int target, int type, uint32_t flags, _Out_ uint32_t *attachFlags, _Out_ uint32_t *ids, _Inout_ uint32_t *count)"),
    detachProgram: so.func("int bpf_prog_detach2(int fd, int target, int type)"),
    programById: so.func("int bpf_prog_get_fd_by_id(uint32_t id)"),
    testRun: so.func("int bpf_prog_test_run_opts(int fd, _Inout_ uint8_t *options)"),
    possibleCpus: so.func("int libbpf_num_possible_cpus()"),
    ringNew: so.func("void *ring_buffer__new(int fd, void *callback, void *context, void *options)"),
    ringConsume: so.func("int ring_buffer__consume(void *ring)"),
    ringFree: so.func("void ring_buffer__free(void *ring)"),
  };
}

export const ENOENT = 2, EACCES = 13, EEXIST = 17, ENOSPC = 28, EINVAL = 22;

/** A failed call; `code` is errno as libbpf returns it (negative errno, version 1 on). */
export class BpfError extends Error {
  readonly code: number;
  constructor(call: string, code: number) {
    super(`${call} failed with errno ${code}`);
    this.code = code;
  }
}
const check = (call: string, result: number): number => {
  if (result < 0) throw new BpfError(call, -result);
  return result;
};

export interface LoadedObject { programFd(name: string): number; mapFd(name: string): number; sizesOf(map: string): readonly [key: number, value: number]; close(): void }

/**
 * Loads an object; each named map is taken from `pinDir` when it is pinned there, else made and pinned.
 * @param configuration the object's constants, of their size (its section .rodata)
 * @param sizes entries of maps that are to have others than the object says
 */
export function loadObject(...object: ObjectParts): LoadedObject {
  return loaded(openObject(...object), (handle) => lib().loadObject(handle) as number);
}
/** The same, with the kernel's look at the program, which takes long, in a thread of its own. */
export async function loadObjectAside(...object: ObjectParts): Promise<LoadedObject> {
  const handle = openObject(...object);
  const result = await new Promise<number>((resolve, reject) => { lib().loadObject.async(handle, (error: Error | null, status: number) => (error ? reject(error) : resolve(status))); });
  return loaded(handle, () => result);
}
type ObjectParts = [path: string, maps: readonly string[], pinDir: string, configuration: Uint8Array, sizes?: Readonly<Record<string, number>>];

function openObject(...[path, maps, pinDir, configuration, sizes = {}]: ObjectParts): Handle {
  lib().setPrint(null);
  const object: Handle = lib().openFile(path, null);
  if (!object) throw new Error(`${path} cannot be opened as a BPF object`);
  try {
    for (const name of maps) check(`pin path of ${name}`, lib().setPinPath(mapOf(object, name), `${pinDir}/${name}`) as number);
    for (const [name, entries] of Object.entries(sizes)) check(`size of ${name}`, lib().setMaxEntries(mapOf(object, name), entries) as number);
    check("the datapath's configuration", lib().setInitialValue(mapOf(object, ".rodata"), configuration, configuration.length) as number);
    return object;
  } catch (error) {
    lib().closeObject(object);
    throw error;
  }
}

function loaded(object: Handle, load: (object: Handle) => number): LoadedObject {
  try {
    check("loading the datapath into the kernel", load(object));
  } catch (error) {
    lib().closeObject(object);
    throw error;
  }
  return {
    programFd: (name) => check(name, lib().programFd(lib().findProgram(object, name)) as number),
    mapFd: (name) => check(name, lib().mapFd(mapOf(object, name)) as number),
    sizesOf: (name) => [lib().keySize(mapOf(object, name)) as number, lib().valueSize(mapOf(object, name)) as number],
    close: () => { lib().closeObject(object); },
  };
}
function mapOf(object: Handle, name: string): Handle {
  const map: Handle = lib().findMap(object, name);
  if (!map) throw new Error(`the datapath object has no map ${name}`);
  return map;
}

export const possibleCpus = (): number => check("libbpf_num_possible_cpus", lib().possibleCpus() as number);

export const updateEntry = (fd: number, key: Uint8Array, value: Uint8Array): void => void check("map update", lib().update(fd, key, value, 0) as number);

/** Answers false when there is no such entry. @param value as long as the map's; for each processor in a table per processor */
export const lookupEntry = (fd: number, key: Uint8Array, value: Uint8Array): boolean => (lib().lookup(fd, key, value) as number) === 0;
/** Answers false when there was no such entry. */
export function deleteEntry(fd: number, key: Uint8Array): boolean {
  const result = lib().remove(fd, key) as number;
  if (result === -ENOENT) return false;
  check("map delete", result);
  return true;
}

const BATCH = 4096;

/** Every entry of a map, keys and values as latin1 strings (a byte a character): quick to compare. */
export function readEntries(fd: number, keySize: number, valueSize: number): Map<string, string> {
  const found = new Map<string, string>();
  const keys = Buffer.alloc(BATCH * keySize), values = Buffer.alloc(BATCH * valueSize), cursor = Buffer.alloc(Math.max(keySize, 8));
  for (let first = true; ; first = false) {
    const count = Buffer.alloc(4);
    count.writeUInt32LE(BATCH);
    const result = lib().lookupBatch(fd, first ? null : cursor, cursor, keys, values, count, null) as number;
    if (result < 0 && result !== -ENOENT) return readOneByOne(fd, keySize, valueSize);
    for (let i = 0; i < count.readUInt32LE(); i++)
      found.set(keys.toString("latin1", i * keySize, (i + 1) * keySize), values.toString("latin1", i * valueSize, (i + 1) * valueSize));
    if (result === -ENOENT) return found;
  }
}

/** Deletes entries that are there. */
export function deleteEntries(fd: number, keys: readonly string[]): void {
  for (let at = 0; at < keys.length; at += BATCH) {
    const part = keys.slice(at, at + BATCH), count = Buffer.alloc(4);
    count.writeUInt32LE(part.length);
    const result = lib().deleteBatch(fd, Buffer.from(part.join(""), "latin1"), count, null) as number;
    if (result < 0) for (const key of part) deleteEntry(fd, Buffer.from(key, "latin1"));
  }
}

/** Every entry of an object's map, of a table per processor with the values of all of them, one after the other. */
export function readMap(object: LoadedObject, map: string, perCpu = false): Map<string, string> {
  const [keySize, valueSize] = object.sizesOf(map);
  return readEntries(object.mapFd(map), keySize, perCpu ? valueSize * possibleCpus() : valueSize);
}

function readOneByOne(fd: number, keySize: number, valueSize: number): Map<string, string> {
  const found = new Map<string, string>();
  const value = Buffer.alloc(valueSize);
  let key: Buffer | null = null;
  for (;;) {
    const next = Buffer.alloc(keySize);
    if ((lib().nextKey(fd, key, next) as number) < 0) return found;
    if ((lib().lookup(fd, next, value) as number) === 0) found.set(next.toString("latin1"), value.toString("latin1"));
    key = next;
  }
}

export interface Ring { /** Hands over what has come; answers how many records. */ consume(): number; close(): void }
let sampleType: TypeObject | undefined;

/** @param onRecord its bytes are valid during the call only */
export function openRing(fd: number, onRecord: (bytes: Buffer) => void): Ring {
  sampleType ??= koffi.proto("int vpcbox_ring_sample(void *context, void *data, size_t size)");
  const callback = koffi.register((_context: unknown, data: unknown, size: number) => {
    onRecord(Buffer.from(koffi.view(data, Number(size))));
    return 0;
  }, koffi.pointer(sampleType));
  const ring: Handle = lib().ringNew(fd, callback, null, null);
  if (!ring) {
    koffi.unregister(callback);
    throw new Error("a ring buffer of the datapath cannot be opened");
  }
  return {
    consume: () => check("reading a ring buffer", lib().ringConsume(ring) as number),
    close: () => { lib().ringFree(ring); koffi.unregister(callback); },
  };
}

const TC_INGRESS = 1, TC_REPLACE = 1, TCX_INGRESS = 46, REPLACE_PROGRAM = 4, MOST_PROGRAMS = 64;

/** Programs on a link's tcx ingress, by their ids; undefined where the kernel has none (before 6.6). The thread is in the link's namespace. */
export function tcxPrograms(ifindex: number): readonly number[] | undefined {
  const ids = new Uint32Array(MOST_PROGRAMS), count = new Uint32Array([MOST_PROGRAMS]);
  const result = lib().queryPrograms(ifindex, TCX_INGRESS, 0, new Uint32Array(1), ids, count) as number;
  if (result === -EINVAL) return undefined;
  check(`programs on link ${ifindex}`, result);
  return [...ids.subarray(0, count[0])];
}

/** Attaches the program to a link's tcx ingress, in place of the one that is there. Answers false where the kernel has none. */
export function attachTcx(ifindex: number, programFd: number): boolean {
  const there = tcxPrograms(ifindex);
  if (!there) return false;
  const attach = (old?: number): void => {
    const options = Buffer.alloc(16); // struct bpf_prog_attach_opts: size, flags, the program whose place it takes
    options.writeBigUInt64LE(16n, 0);
    if (old !== undefined) { options.writeUInt32LE(REPLACE_PROGRAM, 8); options.writeInt32LE(old, 12); }
    const attached = lib().attachProgram(programFd, ifindex, TCX_INGRESS, options) as number;
    if (attached !== -EEXIST) check(`attaching to link ${ifindex}`, attached); // it is there
  };
  if (there[0] === undefined) attach();
  else withProgram(there[0], attach);
  return true;
}

/** Takes every program off a link's tcx ingress, as somebody else's hand would (tests). */
export function detachTcx(ifindex: number): void {
  for (const id of tcxPrograms(ifindex) ?? []) withProgram(id, (program) => { check(`detaching from link ${ifindex}`, lib().detachProgram(program, ifindex, TCX_INGRESS) as number); });
}

function withProgram(id: number, use: (fd: number) => void): void {
  const fd = check(`program ${id}`, lib().programById(id) as number);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Attaches the program to a link's tc ingress as a classifier, in place of what is there. The thread is in the link's namespace. */
export function attachClassifier(ifindex: number, programFd: number): void {
  const hook = hookOf(ifindex);
  const created = lib().hookCreate(hook) as number;
  if (created !== -EEXIST) check(`tc hook on link ${ifindex}`, created);
  check(`tc attach on link ${ifindex}`, lib().attach(hook, tcOptions(programFd, TC_REPLACE)) as number);
}

function hookOf(ifindex: number): Buffer {
  const hook = Buffer.alloc(24); // struct bpf_tc_hook: size, ifindex, attach point, parent
  hook.writeBigUInt64LE(24n, 0);
  hook.writeInt32LE(ifindex, 8);
  hook.writeInt32LE(TC_INGRESS, 12);
  return hook;
}
function tcOptions(programFd: number, flags: number): Buffer {
  const options = Buffer.alloc(32); // struct bpf_tc_opts: size, program, flags, program id, handle, priority
  options.writeBigUInt64LE(32n, 0);
  options.writeInt32LE(programFd, 8);
  options.writeUInt32LE(flags, 12);
  options.writeUInt32LE(1, 20);
  options.writeUInt32LE(1, 24);
  return options;
}

/** One test run by a struct bpf_test_run_opts that is filled in already (test-run.ts). */
export const runTest = (programFd: number, options: Uint8Array): void => void check("test run", lib().testRun(programFd, options) as number);

export interface TestRun { readonly verdict: number; readonly packet: Buffer; readonly durationNs: number }

/** BPF_PROG_TEST_RUN: the program on a packet that came in at `ifindex`, a link of the thread's namespace. */
export function testRun(programFd: number, packet: Uint8Array, ifindex: number, repeat = 1): TestRun {
  const context = Buffer.alloc(192); // struct __sk_buff; ifindex at 40
  context.writeUInt32LE(ifindex, 40);
  const out = Buffer.alloc(packet.length + 256);
  const options = Buffer.alloc(88); // struct bpf_test_run_opts
  options.writeBigUInt64LE(88n, 0);
  options.writeBigUInt64LE(koffi.address(packet), 8);
  options.writeBigUInt64LE(koffi.address(out), 16);
  options.writeUInt32LE(packet.length, 24);
  options.writeUInt32LE(out.length, 28);
  options.writeBigUInt64LE(koffi.address(context), 32);
  options.writeUInt32LE(context.length, 48);
  options.writeInt32LE(repeat, 60);
  check("test run", lib().testRun(programFd, options) as number);
  return { verdict: options.readUInt32LE(56), packet: out.subarray(0, options.readUInt32LE(28)), durationNs: options.readUInt32LE(64) };
}
