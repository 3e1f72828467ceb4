// Owns making a failing case small: every list is thinned out and every value made plain as long as the case still fails. Quicker and
// further than a generator's own shrinking, for a case is data whose numbers mean something modulo whatever is left.

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Path = readonly (string | number)[];

const plain: Readonly<Record<string, Json>> = { kind: "fresh", spoof: "no", protocol: 6, state: "running", check: true, ageSeconds: 0, dns: true, gateway: true, flags: 2, version: 4, ihl: 5, bytes: 8, firstPiece: 3 };
/** Lists that mean nothing when they are empty. */
const neverEmpty = new Set(["vpcs", "subnets", "tables", "groups of an interface", "interfaces", "phases"]);

/** @param fails is true for `one`; the answer still fails */
export function reduce<T>(one: T, fails: (smaller: T) => boolean, until: number): T {
  let best = JSON.parse(JSON.stringify(one)) as Json;
  const better = (candidate: Json): boolean => {
    if (Date.now() > until || !fails(candidate as T)) return false;
    best = candidate;
    return true;
  };
  for (let again = true; again && Date.now() < until;) {
    const before = JSON.stringify(best);
    for (const path of listPaths(best)) thin(path);
    for (const path of leafPaths(best)) {
      const name = String(path.at(-1)), value = at(best, path);
      const simple = name in plain ? plain[name]! : typeof value === "number" ? 0 : typeof value === "boolean" ? false : undefined;
      if (name === "kind" && path.at(-3) !== "packets") continue; // of a packet alone it may be any
      if (typeof simple !== typeof value) continue;
      if (simple !== undefined && value !== undefined && value !== simple) better(put(best, path, simple));
    }
    again = JSON.stringify(best) !== before;
  }
  return best as T;

  function thin(path: Path): void {
    const list = at(best, path);
    if (!Array.isArray(list)) return;
    if (list.length === 2 && list.every((item) => typeof item === "number")) return; // a pair, not a list
    const atLeast = neverEmpty.has(String(path.at(-1))) || (path.at(-1) === "groups" && typeof list[0] !== "object") || (path.at(-1) === "groups" && path.length === 3) ? 1 : 0;
    for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
      for (let from = 0; ;) {
        const now = at(best, path) as readonly Json[];
        if (from >= now.length) break;
        const left = [...now.slice(0, from), ...now.slice(from + size)];
        if (left.length < atLeast || !better(put(best, path, left))) from += size;
      }
  }
}

const at = (value: Json | undefined, path: Path): Json | undefined => path.reduce<Json | undefined>((v, key) => (v === null || typeof v !== "object" ? undefined : (v as Record<string | number, Json>)[key]), value);

function put(value: Json, path: Path, leaf: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  if (Array.isArray(value)) return value.map((item, i) => (i === key ? put(item as Json, rest, leaf) : item as Json));
  const record = value as { readonly [key: string]: Json };
  return { ...record, [key]: put(record[String(key)]!, rest, leaf) };
}

function* walk(value: Json, path: Path): Generator<readonly [Path, Json]> {
  yield [path, value];
  if (value !== null && typeof value === "object") for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) yield* walk(item as Json, [...path, key]);
}
const listPaths = (value: Json): Path[] => [...walk(value, [])].filter(([, item]) => Array.isArray(item)).map(([path]) => path);
const leafPaths = (value: Json): Path[] => [...walk(value, [])].filter(([, item]) => item === null || typeof item !== "object").map(([path]) => path);
