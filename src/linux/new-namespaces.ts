// Owns making a user namespace and what belongs to it without a program. Nobody with threads may unshare(2) a user namespace, and a fork
// copies this process's page tables. So: a process that shares our memory (clone(2), CLONE_VM: nothing is copied) and does nothing but
// wait for a lock that we hold. It is in the new namespaces until it is killed, within one synchronous call; should we be killed before,
// the lock is free (pthread_mutexattr_setrobust(3)) and it ends.

import koffi from "koffi";
import { SystemError } from "./libc.ts";

const libc = koffi.load("libc.so.6");
const clone_ = libc.func("int clone(void *run, void *stack, int flags, void *argument)");
const malloc = libc.func("void *malloc(size_t size)");
const attributesInit = libc.func("int pthread_mutexattr_init(uint8_t *attributes)");
const attributesRobust = libc.func("int pthread_mutexattr_setrobust(uint8_t *attributes, int robust)");
const lockInit = libc.func("int pthread_mutex_init(void *lock, const uint8_t *attributes)");
const lock_ = libc.func("int pthread_mutex_lock(void *lock)");
const signalMask = libc.func("int pthread_sigmask(int how, const uint8_t *set, _Out_ uint8_t *old)");
const kill_ = libc.func("int kill(int pid, int signal)");
const waitpid_ = libc.func("int waitpid(int pid, _Out_ int *status, int options)");
const waitForLock: unknown = libc.symbol("pthread_mutex_lock");

const CLONE_VM = 0x100, CLONE_NEWUSER = 0x10000000, CLONE_NEWNET = 0x40000000;
const SIG_SETMASK = 2, SIGSET_BYTES = 128, SIGKILL = 9, __WALL = 0x40000000, PTHREAD_MUTEX_ROBUST = 1;

// Of the C library, not the collector's: another process uses both.
const STACK_BYTES = 1 << 16, LOCK_BYTES = 64;
const stack = koffi.address(malloc(STACK_BYTES)), lock: unknown = malloc(LOCK_BYTES);
const attributes = Buffer.alloc(64);
attributesInit(attributes);
attributesRobust(attributes, PTHREAD_MUTEX_ROBUST);
lockInit(lock, attributes);
lock_(lock); // this thread's for good

/** Runs `fn` with the id of a process in a new user namespace and a network namespace that belongs to it. They are gone afterwards, unless `fn` holds them. */
export function inNewNamespaces(fn: (pid: number) => void): void {
  const all = Buffer.alloc(SIGSET_BYTES, 0xff), before = Buffer.alloc(SIGSET_BYTES);
  signalMask(SIG_SETMASK, all, before); // our handlers are not for it
  const pid = clone_(waitForLock, (stack + BigInt(STACK_BYTES)) & ~15n, CLONE_VM | CLONE_NEWUSER | CLONE_NEWNET, lock) as number;
  const errno = koffi.errno();
  signalMask(SIG_SETMASK, before, Buffer.alloc(SIGSET_BYTES));
  if (pid < 0) throw new SystemError("clone", errno);
  try {
    fn(pid);
  } finally {
    kill_(pid, SIGKILL);
    waitpid_(pid, [0], __WALL); // or the next would have its stack
  }
}
