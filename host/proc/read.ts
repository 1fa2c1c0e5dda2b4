import { readdirSync, readFileSync, statSync } from "node:fs";
import { HostRefusal } from "../peer/refusal.ts";
import { parseStat, type Stat } from "./stat.ts";
import { parseStatus, type Status } from "./status.ts";

/** Reads a file of `/proc/<pid>` that the kernel writes without asking the process's memory: never hangs. */
export function readOf(
  pid: number | "self",
  name: "stat" | "status" | "cgroup" | "mountinfo" | "maps",
): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch (error) {
    throw notShown(pid, error);
  }
}

export function statOf(pid: number): Stat {
  const stat = parseStat(readOf(pid, "stat"));
  if (stat === undefined) throw refuseText(pid, "stat");
  return stat;
}

export function statusOf(pid: number): Status {
  const status = parseStatus(readOf(pid, "status"));
  if (status === undefined) throw refuseText(pid, "status");
  return status;
}

/** More threads than any agent has, at some 20 µs each. */
const MOST_THREADS = 4096;

/** What the kernel says of each thread: each has a tracer, a user and a group of its own. */
export function statusOfThreads(pid: number): readonly Status[] {
  const threads = threadsOf(pid);
  if (threads.length > MOST_THREADS) throw refuseText(pid, "task");
  return threads.flatMap((thread) => statusOfThread(pid, thread) ?? []);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch (error) {
    throw notShown(pid, error);
  }
}

/** Undefined of one that has ended meanwhile. */
function statusOfThread(pid: number, thread: string): Status | undefined {
  try {
    const status = parseStatus(readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8"));
    if (status === undefined) throw refuseText(pid, "task");
    return status;
  } catch (error) {
    const refused = error instanceof HostRefusal ? error : notShown(pid, error);
    if (refused.code === "peer_exited") return undefined;
    throw refused;
  }
}

/** Which file's program it runs, by device and inode, and where `exec` has put it: another after every `exec`. */
export function programOf(pid: number, stat: Stat = statOf(pid)): string {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/exe`, { bigint: true });
    return `${dev}:${ino}:${stat.startCode}:${stat.endCode}:${stat.startStack}`;
  } catch (error) {
    throw notShown(pid, error);
  }
}

let bootId: string | undefined;

/** Which run of this machine it is: start times of processes count from it. */
export function thisBoot(): string {
  bootId ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return bootId;
}

/** What `/proc` said when it did not say anything: it is gone, or it is not for us to see. */
export function notShown(pid: number | "self", error: unknown): HostRefusal {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ESRCH") return exited(pid);
  return new HostRefusal(
    "unreadable",
    `This host may not see what process ${pid} runs.`,
    "Run the host as root and in the machine's own pid namespace.",
  );
}

export const exited = (pid: number | "self"): HostRefusal =>
  new HostRefusal("peer_exited", `There is no process ${pid} any more.`);

/** What `/proc` said is of no form that it should have. */
export const refuseText = (pid: number, name: string): HostRefusal =>
  new HostRefusal("unreadable", `What /proc says of process ${pid} (${name}) is not as it should be.`);
