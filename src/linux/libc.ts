// Owns the calls into the C library that Node does not offer (koffi): namespaces, mounts, sockets inside a namespace. All are
// synchronous; failures are errors that name the call and errno's text.

import koffi, { type KoffiFunc } from "koffi";

const libc = koffi.load("libc.so.6");
const strerror = libc.func("const char *strerror(int code)");
const setns_ = libc.func("int setns(int fd, int type)");
const unshare_ = libc.func("int unshare(int flags)");
const mount_ = libc.func("int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)");
const umount2_ = libc.func("int umount2(const char *target, int flags)");
const socket_ = libc.func("int socket(int domain, int type, int protocol)");
const bind_ = libc.func("int bind(int fd, const uint8_t *address, uint32_t length)");
const listen_ = libc.func("int listen(int fd, int backlog)");
const send_ = libc.func("long send(int fd, const uint8_t *buffer, size_t length, int flags)");
const recv_ = libc.func("long recv(int fd, _Out_ uint8_t *buffer, size_t length, int flags)");
const recvfrom_ = libc.func("long recvfrom(int fd, _Out_ uint8_t *buffer, size_t length, int flags, _Out_ uint8_t *address, _Inout_ uint32_t *addressLength)");
const setsockopt_ = libc.func("int setsockopt(int fd, int level, int name, const int *value, uint32_t length)");
const close_ = libc.func("int close(int fd)");
const openTree_ = libc.func("long syscall(long number, int directory, const char *path, uint32_t flags)");
const mountSetattr_ = libc.func("long syscall(long number, int fd, const char *path, uint32_t flags, const uint8_t *attributes, size_t size)");
const moveMount_ = libc.func("long syscall(long number, int from, const char *fromPath, int to, const char *toPath, uint32_t flags)");
const setfsuid_ = libc.func("int setfsuid(uint32_t uid)");
const setfsgid_ = libc.func("int setfsgid(uint32_t gid)");
const capget_ = libc.func("int capget(_Inout_ uint8_t *header, _Out_ uint8_t *data)");
const capset_ = libc.func("int capset(_Inout_ uint8_t *header, const uint8_t *data)");
const flock_ = libc.func("int flock(int fd, int operation)");
const ioctl_ = libc.func("int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)");
const NameIndex = koffi.struct("if_nameindex", { if_index: "unsigned int", if_name: "const char *" });
const lsetxattr_ = libc.func("int lsetxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)");
const lgetxattr_ = libc.func("long lgetxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)");
const poll_ = libc.func("int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)");
const pidfdOpen_ = libc.func("long syscall(long number, int pid, uint32_t flags)");
const statx_ = libc.func("int statx(int directory, const char *path, int flags, uint32_t mask, _Out_ uint8_t *status)");
const lseek_ = libc.func("int64_t lseek(int fd, int64_t offset, int whence)");
const clockGetres_ = libc.func("int clock_getres(int clock, _Out_ uint8_t *resolution)");
const ifNameToIndex_ = libc.func("unsigned int if_nametoindex(const char *name)");
const ifNameIndex_ = libc.func("void *if_nameindex()");
const ifFreeNameIndex_ = libc.func("void if_freenameindex(void *list)");

export const EBUSY = 16, ENOTDIR = 20;
export const CLONE_NEWNET = 0x40000000;
export const MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_REMOUNT = 32, MS_NOATIME = 1024, MS_BIND = 4096, MS_REC = 16384, MS_PRIVATE = 1 << 18;
export const MNT_DETACH = 2, UMOUNT_NOFOLLOW = 8;

/** A system call that failed: `code` is errno. */
export class SystemError extends Error {
  readonly errno: number;
  /** @param words what the kernel says beyond errno's text */
  constructor(call: string, errno: number, words = "") {
    super(`${call}: ${strerror(errno) as string}${words === "" ? "" : ` (${words})`}`);
    this.errno = errno;
  }
}

function check(result: number | bigint, call: string): number {
  if (Number(result) < 0) throw new SystemError(call, koffi.errno());
  return Number(result);
}

const CLOCK_MONOTONIC_COARSE = 6, TIMESPEC_BYTES = 16;
/** Nanoseconds of the kernel's jiffies: what its coarse clock is exact to (clock_getres(2)). */
export function tickNs(): number {
  const resolution = Buffer.alloc(TIMESPEC_BYTES); // struct timespec: seconds, nanoseconds
  check(clockGetres_(CLOCK_MONOTONIC_COARSE, resolution) as number, "clock_getres");
  return Number(resolution.readBigInt64LE(0)) * 1e9 + Number(resolution.readBigInt64LE(8));
}

const membarrier_ = libc.func("long syscall(long number, int command, uint32_t flags, int cpu)");
const MEMBARRIER = process.arch === "arm64" ? 283 : 324, MEMBARRIER_CMD_GLOBAL = 1;
/** Waits until every program of the kernel that runs now has ended (membarrier(2): an RCU grace period). The thread goes on meanwhile. */
export function gracePeriod(): Promise<void> {
  return new Promise((resolve, reject) => membarrier_.async(MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0, (error: Error | null, result: number) => {
    if (error) reject(error);
    else if (Number(result) === 0) resolve();
    else setTimeout(resolve, 100); // a kernel that does not offer it (nohz_full): a program runs for microseconds
  }));
}

export const setns = (fd: number, type: number): void => void check(setns_(fd, type) as number, "setns");
export const unshare = (flags: number): void => void check(unshare_(flags) as number, "unshare");
export const mount = (source: string, target: string, type: string | null, flags: number, data: string | null = null): void =>
  void check(mount_(source, target, type, flags, data) as number, `mount ${source} on ${target}`);
export const umount = (target: string, flags: number): void => void check(umount2_(target, flags) as number, `umount ${target}`);

/** The same in a thread of its own: what reads or writes a disk takes its time. */
export async function mountAside(source: string, target: string, type: string, flags: number, data: string): Promise<void> {
  if (await aside(mount_, source, target, type, flags, data) < 0) mount(source, target, type, flags, data); // errno is another thread's: this says why, or mounts it after all
}
/** Answers false when it is busy, or for whatever reason else could not be unmounted. */
export const umountAside = async (target: string): Promise<boolean> => await aside(umount2_, target, 0) === 0;

const aside = (call: KoffiFunc<(...values: any[]) => any>, ...values: readonly unknown[]): Promise<number> =>
  new Promise((resolve, reject) => call.async(...values, (error: Error | null, result: number) => { if (error) reject(error); else resolve(result); }));

const AT_SYMLINK_NOFOLLOW = 0x100, AT_NO_AUTOMOUNT = 0x800, STATX_ATTR_MOUNT_ROOT = 0x2000, STATX_BYTES = 256, ENOENT = 2;
/** Whether something is mounted at the path (statx(2), Linux 5.8). */
export function isMountRoot(path: string): boolean {
  const status = Buffer.alloc(STATX_BYTES);
  if ((statx_(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, status) as number) === 0) return (status.readUInt32LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0;
  if ([ENOENT, ENOTDIR].includes(koffi.errno())) return false;
  throw new SystemError(`statx ${path}`, koffi.errno());
}

const PIDFD_OPEN = 434, POLLFD_BYTES = 8, POLLIN = 1, ESRCH = 3;
/** A descriptor of a process, whoever's child it is (pidfd_open(2), Linux 5.3); undefined when it is gone. */
export function openProcess(pid: number): number | undefined {
  const fd = Number(pidfdOpen_(PIDFD_OPEN, pid, 0));
  return fd < 0 && koffi.errno() === ESRCH ? undefined : check(fd, `pidfd_open ${pid}`);
}
/** Which of these processes have ended, in one call. */
export function endedProcesses(fds: readonly number[]): boolean[] {
  const asked = Buffer.alloc(fds.length * POLLFD_BYTES); // struct pollfd: fd, events, revents
  fds.forEach((fd, i) => { asked.writeInt32LE(fd, i * POLLFD_BYTES); asked.writeInt16LE(POLLIN, i * POLLFD_BYTES + 4); });
  check(poll_(asked, fds.length, 0) as number, "poll");
  return fds.map((_, i) => asked.readInt16LE(i * POLLFD_BYTES + 6) !== 0);
}

const SEEK_DATA = 3, SEEK_HOLE = 4, ENXIO = 6;
/** The next stretch of a file from an offset on that is no hole (lseek(2)). */
export function nextData(fd: number, from: number): { readonly begin: number; readonly end: number } | undefined {
  const begin = Number(lseek_(fd, from, SEEK_DATA));
  if (begin < 0 && koffi.errno() === ENXIO) return undefined;
  return { begin: check(begin, "lseek"), end: check(Number(lseek_(fd, begin, SEEK_HOLE)), "lseek") };
}

const LOOP_CTL_GET_FREE = 0x4c82, LOOP_CONFIGURE = 0x4c0a, LO_FLAGS_AUTOCLEAR = 4, LO_FLAGS_DIRECT_IO = 16, LOOP_CONFIG_BYTES = 304, LOOP_FLAGS = 60, LOOP_NAME = 64, LOOP_NAME_BYTES = 63;
/** The number of a loop device that nobody uses, from /dev/loop-control. */
export const freeLoop = (control: number): number => check(ioctl_(control, LOOP_CTL_GET_FREE, Buffer.alloc(8)) as number, "ioctl LOOP_CTL_GET_FREE");
/** Puts a file behind a loop device, until its last user closes it (loop(4), Linux 5.8); past this machine's page cache, where the file's system lets it. */
export function configureLoop(device: number, file: number, name: string): void {
  const config = Buffer.alloc(LOOP_CONFIG_BYTES); // struct loop_config
  config.writeUInt32LE(file, 0);
  config.writeUInt32LE(LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO, LOOP_FLAGS);
  config.write(name.slice(0, LOOP_NAME_BYTES), LOOP_NAME);
  check(ioctl_(device, LOOP_CONFIGURE, config) as number, "ioctl LOOP_CONFIGURE");
}

const NS_GET_USERNS = 0xb701;
/** A descriptor of the user namespace that an open namespace belongs to (ioctl_ns(2)). */
export const owningUserNamespace = (namespace: number): number => check(ioctl_(namespace, NS_GET_USERNS, Buffer.alloc(8)) as number, "ioctl NS_GET_USERNS");

const FS_IOC_SHUTDOWN = 0x8004587d, AT_ONCE = 2;
/** Ends a file system where it stands, whatever is in memory of it: every later write fails until it is mounted anew (ext4, xfs). */
export function shutDownFileSystem(fd: number): void {
  const how = Buffer.alloc(4);
  how.writeUInt32LE(AT_ONCE, 0); // a flushed journal would bring the data that is waiting
  check(ioctl_(fd, FS_IOC_SHUTDOWN, how) as number, "ioctl FS_IOC_SHUTDOWN");
}

/** Waits until nobody else holds an exclusive lock on the open file; it ends with the descriptor (flock(2)). */
export const lockExclusive = (fd: number): void => void check(flock_(fd, 2) as number, "flock");
export const close = (fd: number): void => void check(close_(fd) as number, "close");

// Numbers of the new mount calls are the same on x86-64 and arm64 (include/uapi/asm-generic/unistd.h).
const OPEN_TREE = 428, MOVE_MOUNT = 429, MOUNT_SETATTR = 442;
const AT_FDCWD = -100, AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 1, OPEN_TREE_CLOEXEC = 0x80000, MOVE_MOUNT_F_EMPTY_PATH = 4;
export const MOUNT_ATTR_RDONLY = 1n, MOUNT_ATTR_NOSUID = 2n, MOUNT_ATTR_NODEV = 4n, MOUNT_ATTR_IDMAP = 0x100000n;

/** A copy of the mount at `source`, seen through a user namespace's map, put at `target` (mount_setattr(2), Linux 5.12). */
export function idmappedBind(source: string, target: string, usernsFd: number, readOnly: boolean): void {
  const tree = check(openTree_(OPEN_TREE, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC) as number, `open_tree ${source}`);
  try {
    const attributes = Buffer.alloc(32); // struct mount_attr: set, clear, propagation, userns_fd
    attributes.writeBigUInt64LE(MOUNT_ATTR_IDMAP | (readOnly ? MOUNT_ATTR_RDONLY : 0n), 0);
    attributes.writeBigUInt64LE(BigInt(usernsFd), 24);
    check(mountSetattr_(MOUNT_SETATTR, tree, "", AT_EMPTY_PATH, attributes, attributes.length) as number, `mount_setattr ${source}`);
    check(moveMount_(MOVE_MOUNT, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) as number, `move_mount to ${target}`);
  } finally {
    close(tree);
  }
}

const CAPABILITIES_V3 = 0x20080522;
/** The whole effective set again: setfsuid(2) takes the file capabilities out of it. */
function raiseCapabilities(): void {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITIES_V3, 0);
  const sets = Buffer.alloc(24); // twice: effective, permitted, inheritable
  check(capget_(header, sets) as number, "capget");
  for (const at of [0, 12]) sets.copy(sets, at, at + 4, at + 8);
  check(capset_(header, sets) as number, "capset");
}

/** Runs `fn` with this thread's files belonging to `uid` and `gid` (setfsuid(2)), its capabilities as before. Synchronous. */
export function asFileOwner<T>(uid: number, gid: number, fn: () => T): T {
  setfsgid_(gid);
  setfsuid_(uid);
  try {
    raiseCapabilities();
    return fn();
  } finally {
    setfsuid_(0);
    setfsgid_(0);
  }
}

const OPAQUE = "trusted.overlay.opaque";
/** Makes a directory of an overlay's layer hide what lower layers have in it. */
export const setOpaque = (path: string): void => void check(lsetxattr_(path, OPAQUE, Buffer.from("y"), 1, 0) as number, `setxattr ${path}`);
export const isOpaque = (path: string): boolean => Number(lgetxattr_(path, OPAQUE, Buffer.alloc(1), 1)) === 1;

/** Brings up the loopback link of the network namespace the thread is in (netdevice(7)). */
export function loopbackUp(): void {
  const fd = check(socket_(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number, "socket");
  try {
    const request = Buffer.alloc(40); // struct ifreq: name, flags
    request.write("lo", 0);
    check(ioctl_(fd, SIOCGIFFLAGS, request) as number, "ioctl SIOCGIFFLAGS lo");
    request.writeInt16LE(request.readInt16LE(16) | IFF_UP, 16);
    check(ioctl_(fd, SIOCSIFFLAGS, request) as number, "ioctl SIOCSIFFLAGS lo");
  } finally {
    close(fd);
  }
}

/** Links of the network namespace the thread is in: name -> index. */
export function interfaceIndexes(): Map<string, number> {
  const list: unknown = ifNameIndex_();
  if (!list) throw new SystemError("if_nameindex", koffi.errno());
  const found = new Map<string, number>();
  try {
    for (let i = 0; ; i++) {
      const row = koffi.decode(list, i * koffi.sizeof(NameIndex), NameIndex) as { if_index: number; if_name: string | null };
      if (row.if_index === 0) return found;
      if (row.if_name !== null) found.set(row.if_name, row.if_index);
    }
  } finally {
    ifFreeNameIndex_(list);
  }
}

/** Of a link of the network namespace the thread is in; undefined when there is none of that name. */
export const interfaceIndex = (name: string): number | undefined => (ifNameToIndex_(name) as number) || undefined;

const SIOCGIFFLAGS = 0x8913, SIOCSIFFLAGS = 0x8914, IFF_UP = 1;
const AF_INET = 2, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_NONBLOCK = 0o4000, SOCK_CLOEXEC = 0o2000000, SOL_SOCKET = 1, SO_REUSEADDR = 2, IPPROTO_IP = 0, IP_TTL = 2;

/**
 * A bound IPv4 socket of the thread's network namespace; for Node's {fd}. `address` in host order. "tcp" listens, "tcp-client" is to
 * connect; "icmp": echoes alone, `port` is their identifier.
 */
export function boundSocket(kind: "tcp" | "tcp-client" | "udp" | "icmp", address: number, port: number): number {
  const fd = check(socket_(AF_INET, (kind.startsWith("tcp") ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, kind === "icmp" ? 1 : 0) as number, "socket");
  try {
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const name = Buffer.alloc(16); // struct sockaddr_in
    name.writeUInt16LE(AF_INET, 0);
    name.writeUInt16BE(port, 2);
    name.writeUInt32BE(address, 4);
    check(bind_(fd, name, name.length) as number, `bind to port ${port}`);
    if (kind === "tcp") check(listen_(fd, 1024) as number, "listen");
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
const setOption = (fd: number, level: number, name: number, value: number): void => void check(setsockopt_(fd, level, name, [value], 4) as number, "setsockopt");
export const setTtl = (fd: number, ttl: number): void => setOption(fd, IPPROTO_IP, IP_TTL, ttl);

const AF_PACKET = 17, SOCK_RAW = 3, ETH_P_ALL = 0x0003;
const AF_NETLINK = 16, NETLINK_ROUTE = 0, SOL_NETLINK = 270, NETLINK_CAP_ACK = 10, NETLINK_EXT_ACK = 11;
/** For requests about the network namespace the thread is in (rtnetlink(7)); answers are short and may have the kernel's words. */
export function routeSocket(): number {
  const fd = check(socket_(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) as number, "netlink socket");
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) setOption(fd, SOL_NETLINK, option, 1);
  return fd;
}
/** Sends one request; the kernel has done it and answered when this returns. Answers the length of what it wrote to `answer`. */
export function exchange(fd: number, request: Buffer, answer: Buffer): number {
  check(send_(fd, request, request.length, 0) as number, "netlink send");
  return check(recv_(fd, answer, answer.length, 0) as number, "netlink receive");
}

const PACKET_OUTGOING = 4, SOCKADDR_LL_BYTES = 20, SLL_PKTTYPE = 10, EAGAIN = 11, ENETDOWN = 100;
/** The next frame of a packetSocket, and whether it leaves; undefined when there is none. */
export function takeFrame(fd: number, buffer: Buffer): { readonly length: number; readonly leaves: boolean } | undefined {
  const address = Buffer.alloc(SOCKADDR_LL_BYTES);
  const length = Number(recvfrom_(fd, buffer, buffer.length, 0, address, [SOCKADDR_LL_BYTES]));
  if (length < 0 && [EAGAIN, ENETDOWN].includes(koffi.errno())) return undefined;
  return { length: check(length, "recvfrom"), leaves: address[SLL_PKTTYPE] === PACKET_OUTGOING };
}
/** A socket that shows every frame of the thread's network namespace, both ways (packet(7)). */
export const packetSocket = (): number => check(socket_(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, ETH_P_ALL << 8) as number, "packet socket");
