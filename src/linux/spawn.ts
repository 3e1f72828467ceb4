// Owns the start of a program without a copy of this process: posix_spawn(3), where Node's own spawn forks, which for a process of a
// daemon's size takes ten to forty milliseconds in which nothing else of it runs. The end of a program comes with SIGCHLD, as for Node.

import koffi from "koffi";

const libc = koffi.load("libc.so.6");
const posixSpawnp = libc.func("int posix_spawnp(_Out_ int *pid, const char *file, const uint8_t *actions, const uint8_t *attributes, const char **argv, const char **env)");
const actionsInit = libc.func("int posix_spawn_file_actions_init(uint8_t *actions)");
const actionsDup = libc.func("int posix_spawn_file_actions_adddup2(uint8_t *actions, int fd, int as)");
const actionsChdir = libc.func("int posix_spawn_file_actions_addchdir_np(uint8_t *actions, const char *path)");
const actionsDestroy = libc.func("int posix_spawn_file_actions_destroy(uint8_t *actions)");
const attributesInit = libc.func("int posix_spawnattr_init(uint8_t *attributes)");
const attributesFlags = libc.func("int posix_spawnattr_setflags(uint8_t *attributes, short flags)");
const attributesDefaults = libc.func("int posix_spawnattr_setsigdefault(uint8_t *attributes, const uint8_t *signals)");
const attributesDestroy = libc.func("int posix_spawnattr_destroy(uint8_t *attributes)");
const waitpid_ = libc.func("int waitpid(int pid, _Out_ int *status, int options)");
const pipe2_ = libc.func("int pipe2(_Out_ int *fds, int flags)");
const strerror = libc.func("const char *strerror(int code)");

const SETSIGDEF = 4, SETSIGMASK = 8, SETSID = 0x80; // spawn.h of glibc
const STRUCT_BYTES = 512; // both of its structures are smaller
const WNOHANG = 1, O_CLOEXEC = 0o2000000, ENOENT = 2;
const LOOK_MS = 1000;

export interface Ended { readonly code: number | undefined; readonly signal: number | undefined }
export interface Spawned { readonly pid: number; readonly ended: Promise<Ended>; /** Nothing when it has ended. */ kill(): void }

/** A pipe of which a program inherits neither end by itself: read here, write there. */
export function openPipe(): readonly [read: number, write: number] {
  const fds = [0, 0];
  if ((pipe2_(fds, O_CLOEXEC) as number) !== 0) throw new Error(`pipe2: ${strerror(koffi.errno()) as string}`);
  return fds as [number, number];
}

/**
 * @param fds what the program has as 0, 1, 2 and on; they stay ours to close
 * @param session of its own: it is out of reach of what ends ours
 * @throws with code ENOENT when there is no such program
 */
export function spawnProgram(argv: readonly string[], fds: readonly number[], { env = process.env, session = false, cwd }: { readonly env?: NodeJS.ProcessEnv | undefined; readonly session?: boolean; readonly cwd?: string | undefined } = {}): Spawned {
  const actions = Buffer.alloc(STRUCT_BYTES), attributes = Buffer.alloc(STRUCT_BYTES), pid = [0];
  actionsInit(actions);
  attributesInit(attributes);
  try {
    attributesFlags(attributes, SETSIGDEF | SETSIGMASK | (session ? SETSID : 0)); // Node ignores signals that programs count on; the mask is empty
    attributesDefaults(attributes, Buffer.alloc(128, 0xff));
    fds.forEach((fd, as) => { actionsDup(actions, fd, as); });
    if (cwd !== undefined) actionsChdir(actions, cwd);
    const settings = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
    const failure = posixSpawnp(pid, argv[0], actions, attributes, [...argv, null], [...settings, null]) as number;
    if (failure !== 0) throw Object.assign(new Error(`${argv[0]}: ${strerror(failure) as string}`), failure === ENOENT ? { code: "ENOENT" } : {});
  } finally {
    actionsDestroy(actions);
    attributesDestroy(attributes);
  }
  return { pid: pid[0]!, ended: endOf(pid[0]!), kill: () => { if (running.has(pid[0]!)) process.kill(pid[0]!, "SIGKILL"); } };
}

const running = new Map<number, (ended: Ended) => void>();
let look: NodeJS.Timeout | undefined;

function endOf(pid: number): Promise<Ended> {
  if (look === undefined) {
    process.on("SIGCHLD", reap);
    look = setInterval(reap, LOOK_MS); // keeps this process while one runs, as Node's do
  }
  return new Promise((resolve) => running.set(pid, resolve));
}

/** Of ours alone: Node waits for its own by their ids, too. */
function reap(): void {
  for (const [pid, resolve] of running) {
    const status = [0], found = waitpid_(pid, status, WNOHANG) as number;
    if (found === 0) continue;
    running.delete(pid);
    const signal = status[0]! & 0x7f; // wait(2), WTERMSIG
    resolve(signal === 0 ? { code: (status[0]! >> 8) & 0xff, signal: undefined } : { code: undefined, signal });
  }
  if (running.size > 0) return;
  clearInterval(look);
  look = undefined;
  process.off("SIGCHLD", reap);
}
