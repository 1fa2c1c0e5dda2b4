/**
 * Everything that is asked of the Linux kernel past Node, and the only file that does: what is declared wrongly
 * here reads or writes memory that is not ours. Each call takes plain numbers and buffers of the size that the
 * kernel's headers state, and returns a number, or -1 where the kernel said no.
 * @see getsockopt(2), unix(7), sock_diag(7), setns(2), getxattr(2), pidfd_open(2), epoll(7), openat2(2)
 */
import { closeSync, constants, openSync } from "node:fs";
import { endianness } from "node:os";
import koffi, { type LibraryHandle } from "koffi";

/** Whether this kernel can be asked at all: Linux on a little-endian machine. */
export const isKernelKnown = (): boolean => process.platform === "linux" && endianness() === "LE";

const elsewhere = (): never => {
  throw new TypeError("this kernel is not asked");
};

/** Functions of the C library of this very process, glibc or musl; elsewhere than on Linux there are none. */
const libc: Pick<LibraryHandle, "func"> = isKernelKnown()
  ? koffi.load(null)
  : { func: () => elsewhere as unknown as ReturnType<LibraryHandle["func"]> };
const getsockopt: (fd: number, level: number, name: number, into: Buffer, length: [number]) => number =
  libc.func("int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)");
const syscall2: (number: number, a: number, b: number) => number = libc.func("syscall", "long", [
  "long",
  "long",
  "long",
]);
const syscall4: (number: number, dirfd: number, path: string, how: Buffer, size: number) => number =
  libc.func("syscall", "long", ["long", "long", "str", "uint8_t *", "long"]);
const poll: (fds: Buffer, count: number, timeout: number) => number = libc.func(
  "int poll(_Inout_ uint8_t *, unsigned long, int)",
);
const epollCreate: (flags: number) => number = libc.func("int epoll_create1(int)");
const epollCtl: (epoll: number, verb: number, fd: number, event: Buffer) => number = libc.func(
  "int epoll_ctl(int, int, int, uint8_t *)",
);
const epollWait: (epoll: number, events: Buffer, most: number, timeout: number) => number = libc.func(
  "int epoll_wait(int, _Out_ uint8_t *, int, int)",
);
const clockGettime: (clock: number, into: Buffer) => number = libc.func(
  "int clock_gettime(int, _Out_ uint8_t *)",
);

const socketCall: (domain: number, type: number, protocol: number) => number =
  libc.func("int socket(int, int, int)");
const send: (fd: number, bytes: Buffer, length: number, flags: number) => number = libc.func(
  "long send(int, uint8_t *, unsigned long, int)",
);
const recv: (fd: number, into: Buffer, length: number, flags: number) => number = libc.func(
  "long recv(int, _Out_ uint8_t *, unsigned long, int)",
);
const lgetxattr: (path: string, name: string, into: null, size: number) => number = libc.func(
  "long lgetxattr(const char *, const char *, void *, unsigned long)",
);
const setns: (fd: number, kind: number) => number = libc.func("int setns(int, int)");

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Linux 6.5 and later. */
const SO_PEERPIDFD = 77;
/** The same number on every architecture that Node runs on. */
const SYS_PIDFD_OPEN = 434;
const SYS_OPENAT2 = 437;
const CLOCK_BOOTTIME = 7;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLLONESHOT = 1 << 30;
const POLLIN = 1;
/** `struct epoll_event` is packed on x86-64 and nowhere else. */
const EVENT = process.arch === "x64" ? { size: 12, data: 4 } : { size: 16, data: 8 };

/** Who connected to a Unix socket, as at `connect`; undefined where the socket has no such peer. */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number } | undefined {
  const ucred = Buffer.alloc(12);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ucred, [ucred.length]) !== 0) return undefined;
  return { pid: ucred.readInt32LE(0), uid: ucred.readUInt32LE(4), gid: ucred.readUInt32LE(8) };
}

/** A descriptor of the very process that connected, free of any race; -1 before Linux 6.5. */
export function peerPidfd(fd: number): number {
  const pidfd = Buffer.alloc(4);
  return getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, pidfd, [pidfd.length]) === 0 ? pidfd.readInt32LE(0) : -1;
}

const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const UDIAG_SHOW_PEER = 4;
const UNIX_DIAG_PEER = 2;
const MSG_DONTWAIT = 0x40;
const CLONE_NEWNET = 0x40000000;
/** `struct nlmsghdr`, then `struct unix_diag_req` or `struct unix_diag_msg`; then attributes. */
const NETLINK_HEADER = 16;
const DIAG_REQUEST = 24;
const DIAG_ANSWER = 16;

/**
 * The inode of the socket at the other end of a Unix socket; undefined where the kernel does not tell.
 * @param inode of this end
 * @param network descriptor of the network namespace in which the other end was made, where that is not ours: a
 *   socket is known in its own only. Entered for one call, and left before anything else runs.
 * @see sock_diag(7)
 */
export function inodeOfPeer(inode: number, network?: number): number | undefined {
  const netlink = network === undefined ? openDiagnosis() : within(network, openDiagnosis);
  if (netlink < 0) return undefined;
  try {
    const answer = Buffer.alloc(256);
    if (send(netlink, diagRequest(inode), NETLINK_HEADER + DIAG_REQUEST, 0) < 0) return undefined;
    return peerIn(answer.subarray(0, Math.max(0, recv(netlink, answer, answer.length, MSG_DONTWAIT))), inode);
  } finally {
    closeSync(netlink);
  }
}

const openDiagnosis = (): number => socketCall(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

/** Only this thread goes there. One that did not come back would serve from within another's network. */
function within(network: number, step: () => number): number {
  const own = openSync("/proc/thread-self/ns/net", constants.O_RDONLY);
  try {
    if (setns(network, CLONE_NEWNET) !== 0) return -1;
    const result = step();
    if (setns(own, CLONE_NEWNET) !== 0) process.abort();
    return result;
  } finally {
    closeSync(own);
  }
}

function diagRequest(inode: number): Buffer {
  const request = Buffer.alloc(NETLINK_HEADER + DIAG_REQUEST);
  request.writeUInt32LE(request.length, 0);
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
  request.writeUInt16LE(NLM_F_REQUEST, 6);
  request.writeUInt8(AF_UNIX, NETLINK_HEADER);
  request.writeUInt32LE(0xffffffff, NETLINK_HEADER + 4);
  request.writeUInt32LE(inode, NETLINK_HEADER + 8);
  request.writeUInt32LE(UDIAG_SHOW_PEER, NETLINK_HEADER + 12);
  request.fill(0xff, NETLINK_HEADER + 16);
  return request;
}

function peerIn(answer: Buffer, inode: number): number | undefined {
  if (answer.length < NETLINK_HEADER + DIAG_ANSWER || answer.readUInt16LE(4) !== SOCK_DIAG_BY_FAMILY)
    return undefined;
  if (answer.readUInt32LE(NETLINK_HEADER + 4) !== inode) return undefined;
  for (let at = NETLINK_HEADER + DIAG_ANSWER; at + 8 <= answer.length; ) {
    const length = answer.readUInt16LE(at);
    if (answer.readUInt16LE(at + 2) === UNIX_DIAG_PEER && length === 8) return answer.readUInt32LE(at + 4);
    at += Math.max(4, (length + 3) & ~3);
  }
  return undefined;
}

/** A descriptor of whichever process has this pid now; -1 where there is none. */
export const pidfdOpen = (pid: number): number => syscall2(SYS_PIDFD_OPEN, pid, 0);

/** Whether a process has exited: its descriptor reads. Undefined where the kernel cannot be asked now. */
export function hasExited(pidfd: number): boolean | undefined {
  const asked = Buffer.alloc(8);
  asked.writeInt32LE(pidfd, 0);
  asked.writeInt16LE(POLLIN, 4);
  const ready = poll(asked, 1, 0);
  return ready < 0 ? undefined : ready > 0;
}

/** A set of descriptors of processes that tells which have exited, at a cost that does not grow with the set. */
export function openExits(): number {
  return epollCreate(EPOLL_CLOEXEC);
}

/** Adds a process to the set; `tag` (32 bits) is what is told of it. Closing its descriptor removes it. */
export function addExit(exits: number, pidfd: number, tag: number): boolean {
  const event = Buffer.alloc(EVENT.size);
  event.writeUInt32LE(EPOLLIN | EPOLLONESHOT, 0);
  event.writeUInt32LE(tag, EVENT.data);
  return epollCtl(exits, EPOLL_CTL_ADD, pidfd, event) === 0;
}

/** Tags of processes that have exited, each told once, at most 256 at a time. */
export function exitsIn(exits: number): number[] {
  const events = Buffer.alloc(256 * EVENT.size);
  const count = Math.max(0, epollWait(exits, events, 256, 0));
  return Array.from({ length: count }, (_, i) => events.readUInt32LE(i * EVENT.size + EVENT.data));
}

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_IN_ROOT = 0x10;

/** For `fs.open` of what shall only be looked at: no driver and no file server hears of it. */
export const LOOK_ONLY = O_PATH | O_CLOEXEC;
export const LOOK_AT_FOLDER = LOOK_ONLY | constants.O_DIRECTORY;

/**
 * Opens a path, to be looked at only, as a process whose root is this folder would: absolute links and `..`
 * stay inside. -1 where there is nothing, where it leads through `/proc`'s magic links, or before Linux 5.6.
 */
export function openInRoot(root: number, attackerPath: string, links: "follow" | "refuse"): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(LOOK_ONLY), 0);
  const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (links === "refuse" ? RESOLVE_NO_SYMLINKS : 0);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return attackerPath.includes("\0") ? -1 : syscall4(SYS_OPENAT2, root, attackerPath, how, how.length);
}

/**
 * Whether a file or folder names users and groups that may do more than its mode says of others. A link never.
 * @see acl(5)
 */
export const hasAccessList = (path: string): boolean =>
  !path.includes("\0") && lgetxattr(path, "system.posix_acl_access", null, 0) >= 0;

/** Since the machine was started, suspended or not, in milliseconds: the clock of `/proc/<pid>/stat`. */
export function sinceBoot(): number {
  const time = Buffer.alloc(16);
  if (clockGettime(CLOCK_BOOTTIME, time) !== 0) return Number.NaN;
  return Number(time.readBigInt64LE(0)) * 1000 + Number(time.readBigInt64LE(8)) / 1e6;
}
