// Owns the system calls that no guest makes (seccomp(2)): those that reach the one kernel all guests share, or new namespaces
// in which a guest would have more than it was given. Everything else is allowed: guests are whole systems.

const EPERM = 1, ENOSYS = 38;
const CLONE_NEWUSER = 0x10000000;

const refused = [
  "acct", "add_key", "adjtimex", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick",
  "get_kernel_syms", "init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mount",
  "mount_setattr", "move_mount", "move_pages", "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "pivot_root", "query_module", "quotactl",
  "quotactl_fd", "reboot", "request_key", "setns", "settimeofday", "stime", "swapoff", "swapon", "syslog", "_sysctl", "sysfs", "umount", "umount2", "unshare", "uselib", "userfaultfd",
  "ustat", "vm86", "vm86old",
];

export const seccomp = {
  defaultAction: "SCMP_ACT_ALLOW",
  architectures: process.arch === "arm64" ? ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] : ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  syscalls: [
    { names: refused, action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
    { names: ["clone"], action: "SCMP_ACT_ERRNO", errnoRet: EPERM, args: [{ index: 0, value: CLONE_NEWUSER, valueTwo: CLONE_NEWUSER, op: "SCMP_CMP_MASKED_EQ" }] },
    { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS }, // its flags are in memory, out of a filter's sight: programs fall back to clone
  ],
} as const;
