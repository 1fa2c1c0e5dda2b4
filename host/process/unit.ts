import type { ControlGroup } from "../proc/cgroup.ts";

/** Under which unit of systemd a process runs. */
export interface Unit {
  /** Of the machine's own manager, which root rules. */
  readonly unit: string;
  /** Of a user's manager: whatever that user calls it. */
  readonly userUnit?: string;
}

const UNIT = /^[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|scope|socket|mount|swap)$/;

/**
 * Finds the unit in control groups as systemd lays them out: slices, then the unit, then what is its own.
 * @see systemd `cg_path_get_unit`, `cg_unescape`
 */
export function unitOf(groups: readonly ControlGroup[]): Unit | undefined {
  const laid = groups.filter(({ controllers }) => controllers === "" || controllers === "name=systemd");
  const path = laid.find((group) => group.path.length > 0)?.path ?? [];
  const [unit, ...below] = belowSlices(path);
  if (unit === undefined) return undefined;
  if (!/^user@\d{1,10}\.service$/.test(unit)) return { unit };
  const [userUnit] = belowSlices(below);
  return userUnit === undefined ? { unit } : { unit, userUnit };
}

/** From the first unit on; none where something else comes first. */
function belowSlices(path: readonly string[]): readonly string[] {
  const at = path.findIndex((part) => !part.endsWith(".slice"));
  const unit = unescaped(path[at] ?? "");
  return at >= 0 && UNIT.test(unit) ? [unit, ...path.slice(at + 1)] : [];
}

/** Names that the kernel would take for its own files have an underscore before them. */
const unescaped = (part: string): string => (part.startsWith("_") ? part.slice(1) : part);
