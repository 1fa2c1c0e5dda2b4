import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { notShown } from "../proc/read.ts";
import { inodeOfPeer } from "./kernel.ts";
import { HostRefusal } from "./refusal.ts";

/** How many descriptors of a process are looked through, some 3 µs each. */
const MOST_DESCRIPTORS = 8192;
/** In `/proc/<pid>/fdinfo`. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Requires that the program which a process runs now can have made the connection itself: the process holds the
 * other end, marked close-on-exec. Between `connect` and `accept` a process may execute another program, and what
 * it holds across that bears no such mark. Only a program that marks what it was left can look otherwise (node
 * does so while it starts); docs/enforcement.md names that limit.
 * @param fd of this end
 * @throws HostRefusal `connection_inherited`, `connection_unseen`, `unreadable`, `peer_exited`
 * @see fcntl(2) FD_CLOEXEC, proc_pid_fdinfo(5)
 */
export function requireOwnConnection(fd: number, pid: number): void {
  const inode = otherEndOf(fd, pid);
  if (inode === undefined) throw unseen();
  const held = descriptorsOf(pid).filter((name) => isSocket(pid, name, inode));
  if (!held.some((name) => isMarked(pid, name))) throw inherited(pid);
}

function otherEndOf(fd: number, pid: number): number | undefined {
  const { ino } = fstatSync(fd);
  const path = `/proc/${pid}/ns/net`;
  return told(pid, () => {
    if (readlinkSync(path) === readlinkSync("/proc/self/ns/net")) return inodeOfPeer(ino);
    const network = openSync(path, "r");
    try {
      return inodeOfPeer(ino, network);
    } finally {
      closeSync(network);
    }
  });
}

function descriptorsOf(pid: number): readonly string[] {
  const names = told(pid, () => readdirSync(`/proc/${pid}/fd`));
  if (names.length > MOST_DESCRIPTORS) throw unseen();
  return names;
}

/** One that was closed meanwhile is none. */
function isSocket(pid: number, name: string, inode: number): boolean {
  return quietly(() => readlinkSync(`/proc/${pid}/fd/${name}`)) === `socket:[${inode}]`;
}

function isMarked(pid: number, name: string): boolean {
  const info = quietly(() => readFileSync(`/proc/${pid}/fdinfo/${name}`, "utf8")) ?? "";
  const flags = Number.parseInt(/^flags:\s*0([0-7]{1,12})$/m.exec(info)?.[1] ?? "0", 8);
  return (flags & CLOSE_ON_EXEC) !== 0;
}

function quietly(look: () => string): string | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function told<T>(pid: number, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw notShown(pid, error);
  }
}

const unseen = (): HostRefusal =>
  new HostRefusal(
    "connection_unseen",
    "This host cannot see which descriptor of the process is the other end of its connection.",
    "Run the host as root, on a kernel with CONFIG_UNIX_DIAG; a process may hold 8192 descriptors.",
  );

const inherited = (pid: number): HostRefusal =>
  new HostRefusal(
    "connection_inherited",
    `Process ${pid} does not hold its connection as a program holds one that it made itself (close-on-exec).`,
    "Let the program that is to be attested connect by itself, with SOCK_CLOEXEC.",
  );
