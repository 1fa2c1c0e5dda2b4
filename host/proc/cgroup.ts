/** One line of `/proc/<pid>/cgroup`. */
export interface ControlGroup {
  /** Empty for version 2, else the version 1 controllers, or `name=systemd`. */
  readonly controllers: string;
  /** From the root of this host's own cgroup namespace; begins with `/`. */
  readonly path: readonly string[];
}

/**
 * Reads the text of `/proc/<pid>/cgroup`, versions 1 and 2. Names of groups hold no line end (the kernel refuses
 * to make such), all else is possible.
 * @see cgroups(7)
 */
export function parseCgroup(attackerText: string): ControlGroup[] | undefined {
  if (attackerText.length > 65_536) return undefined;
  const lines = attackerText.split("\n").filter((line) => line !== "");
  const groups = lines.map((line) => /^\d{1,10}:([^:]*):(\/.*)$/.exec(line));
  if (groups.some((group) => group === null)) return undefined;
  return groups.map((group) => ({ controllers: group?.[1] ?? "", path: partsOf(group?.[2] ?? "") }));
}

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "");
