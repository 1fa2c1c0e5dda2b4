/** A stretch of a process's memory. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Whether a file lies behind it. */
  readonly isFile: boolean;
  /** Empty where there is none. */
  readonly path: string;
}

/** How many lines are looked at: some times the kernel's default limit for one process. */
const MOST = 262_144;

/**
 * Reads the text of `/proc/<pid>/maps`. Line ends in names are written as `\012` by the kernel.
 * @see proc(5)
 */
export function parseMaps(attackerText: string): Mapping[] | undefined {
  const lines = attackerText.split("\n", MOST + 1).filter((line) => line !== "");
  const mappings = lines.map(mappingOf);
  return lines.length > MOST || mappings.includes(undefined) ? undefined : (mappings as Mapping[]);
}

const LINE = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) [-rwxps]{4} [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ (\d+)(?: +(.*))?$/;

function mappingOf(line: string): Mapping | undefined {
  const [, start = "", end = "", inode, path = ""] = LINE.exec(line) ?? [];
  if (inode === undefined) return undefined;
  return { start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), isFile: inode !== "0", path };
}
