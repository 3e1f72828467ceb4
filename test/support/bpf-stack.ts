// Owns how much stack a compiled BPF object takes at its deepest, as kernels count it: frames of all functions on the way, each rounded up.
// Read from the object itself (ELF; instructions as in Documentation/bpf/standardization), for the kernel here may count more generously than a user's.

interface Fn { readonly name: string; readonly frame: number; readonly calls: readonly string[] }

/**
 * @param granule bytes that a frame is rounded up to: 32 on older kernels, on newer ones 16 @param aside functions that the kernel calls later, on a stack of their own
 * @returns bytes, and the calls that lead there
 */
export function deepestStack(object: Buffer, entry: string, granule: number, aside: readonly string[] = []): { readonly bytes: number; readonly calls: readonly string[] } {
  const functions = new Map(functionsOf(object).map((fn) => [fn.name, { ...fn, calls: fn.calls.filter((called) => !aside.includes(called)) }]));
  const from = (name: string): { bytes: number; calls: readonly string[] } => {
    const { frame, calls } = functions.get(name)!, below = calls.map(from).reduce((most, one) => (one.bytes > most.bytes ? one : most), { bytes: 0, calls: [] });
    return { bytes: Math.ceil(Math.max(frame, 1) / granule) * granule + below.bytes, calls: [name, ...below.calls] };
  };
  return from(entry);
}

const SYMTAB = 2, REL = 9, FUNC = 2, CALL = 0x85, LOAD_ADDRESS = 0x18, MOVE = 0xbf, ADD = 0x07, FRAME_POINTER = 10, PSEUDO_CALL = 1;

function functionsOf(elf: Buffer): readonly Fn[] {
  const at = Number(elf.readBigUInt64LE(0x28));
  const sections = Array.from({ length: elf.readUInt16LE(0x3c) }, (_, i) => {
    const header = elf.subarray(at + i * 64, at + i * 64 + 64), offset = Number(header.readBigUInt64LE(24));
    return { type: header.readUInt32LE(4), bytes: elf.subarray(offset, offset + Number(header.readBigUInt64LE(32))), link: header.readUInt32LE(40), info: header.readUInt32LE(44) };
  });
  const table = sections.find(({ type }) => type === SYMTAB)!, names = sections[table.link]!.bytes;
  const symbols = records(table.bytes, 24, (s) => ({ name: names.toString("latin1", s.readUInt32LE(0), names.indexOf(0, s.readUInt32LE(0))), type: s[4]! & 15, section: s.readUInt16LE(6), value: Number(s.readBigUInt64LE(8)), size: Number(s.readBigUInt64LE(16)) }));
  const functions = symbols.filter(({ type }) => type === FUNC);
  const relocations = new Map(sections.filter(({ type }) => type === REL).flatMap(({ bytes, info }) => records(bytes, 16, (r) => [`${info} ${Number(r.readBigUInt64LE(0))}`, symbols[r.readUInt32LE(12)]!] as const)));
  return functions.map(({ name, section, value, size }) => {
    const code = sections[section]!.bytes, calls = new Set<string>();
    let frame = 0, copy = -1; // the register that was made a copy of the frame pointer by the instruction before
    for (let pc = value; pc < value + size; pc += 8) {
      const op = code[pc]!, [to, by] = [code[pc + 1]! & 15, code[pc + 1]! >> 4], offset = code.readInt16LE(pc + 2), value32 = code.readInt32LE(pc + 4);
      const kind = op & 7, isMemory = (kind === 1 && by === FRAME_POINTER) || ((kind === 2 || kind === 3) && to === FRAME_POINTER);
      frame = Math.max(frame, isMemory ? -offset : op === ADD && to === copy ? -value32 : 0);
      copy = op === MOVE && by === FRAME_POINTER ? to : -1;
      const symbol = relocations.get(`${section} ${pc}`);
      const target = op === CALL && by === PSEUDO_CALL ? (symbol ? { section: symbol.section, value: symbol.value + (symbol.type === FUNC ? 0 : (value32 + 1) * 8) } : { section, value: pc + (value32 + 1) * 8 })
        : op === LOAD_ADDRESS && symbol ? { section: symbol.section, value: symbol.value + value32 } : undefined; // a function for bpf_loop, or a map
      const called = target && functions.find((fn) => fn.section === target.section && fn.value === target.value);
      if (called) calls.add(called.name);
    }
    return { name, frame, calls: [...calls] };
  });
}

const records = <T>(bytes: Buffer, size: number, read: (record: Buffer) => T): T[] => Array.from({ length: bytes.length / size }, (_, i) => read(bytes.subarray(i * size, (i + 1) * size)));
