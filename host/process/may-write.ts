import type { Peer } from "../peer/peer.ts";
import type { Status } from "../proc/status.ts";
import type { Node, Step } from "./inside.ts";

/** What of a process decides whether it could have put another file there. */
export interface Owner {
  readonly uid: number;
  readonly groups: readonly number[];
  /** Whether it has a capability by which modes and owners of files do not bind it. */
  readonly isUnbound: boolean;
}

/** CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_SYS_ADMIN. @see capabilities(7) */
const UNBINDING = [0n, 1n, 3n, 21n];

export const ownerOf = ({ uid, gid }: Peer, { groups, permitted }: Status): Owner => ({
  uid,
  groups: [gid, ...groups],
  isUnbound: UNBINDING.some((bit) => ((permitted >> bit) & 1n) !== 0n),
});

/** Nothing keeps root from anything, nor the host's own user from what it could do to the host itself. */
const isAbove = ({ uid }: Owner): boolean => uid === 0 || uid === process.geteuid?.();

/** Where others are named, its group's bits say what any of them may at most: whom they are is not looked up. */
export function mayWrite({ stats, hasList }: Node, owner: Owner): boolean {
  if (isAbove(owner)) return false;
  const bits = Number(stats.mode);
  const isInGroup = hasList || owner.groups.includes(Number(stats.gid));
  const byGroup = (bits & 0o020) !== 0 && isInGroup;
  return owner.isUnbound || Number(stats.uid) === owner.uid || byGroup || (bits & 0o002) !== 0;
}

/** Whether that user may put something else under this name. */
export function isReplaceable({ stats, folder }: Step, owner: Owner): boolean {
  if (!mayWrite(folder, owner)) return false;
  const isSticky = (Number(folder.stats.mode) & 0o1000) !== 0 && Number(folder.stats.uid) !== owner.uid;
  return owner.isUnbound || !(isSticky && Number(stats.uid) !== owner.uid);
}
