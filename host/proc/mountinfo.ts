/** Who answers when a file there is read. */
export interface Mount {
  readonly id: string;
  /** As the process sees it. */
  readonly point: string;
  /**
   * `user` where some user's program serves it, which may answer as it likes or let everybody wait; `kernel`
   * where there are no files but the kernel's own words, which differ by who reads them.
   */
  readonly kind: "files" | "user" | "kernel";
}

/**
 * Reads the text of `/proc/<pid>/mountinfo`. A FUSE file system that root mounted counts as the machine's own.
 * @see proc(5)
 */
export function parseMountinfo(attackerText: string): Mount[] | undefined {
  if (attackerText.length > 16_000_000) return undefined;
  const mounts = attackerText
    .split("\n")
    .filter((line) => line !== "")
    .map(mountOf);
  return mounts.includes(undefined) ? undefined : (mounts as Mount[]);
}

function mountOf(line: string): Mount | undefined {
  const [before = "", after] = line.split(" - ");
  const [id = "", , , , point = ""] = before.split(" ");
  const [type = "", , options = ""] = after?.split(" ") ?? [];
  if (!/^\d+$/.test(id) || !point.startsWith("/") || type === "") return undefined;
  return { id, point: unescaped(point), kind: kindOf(type, options) };
}

const KERNEL = /^(?:proc|sysfs|cgroup2?|devtmpfs|devpts|debugfs|tracefs|securityfs|bpf|mqueue|binfmt_misc)$/;

function kindOf(type: string, options: string): Mount["kind"] {
  if (KERNEL.test(type)) return "kernel";
  const isUsers = /^fuse(?:blk|\..*)?$/.test(type) && !options.split(",").includes("user_id=0");
  return isUsers ? "user" : "files";
}

/** Spaces, tabs, line ends and backslashes are written in octal. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
