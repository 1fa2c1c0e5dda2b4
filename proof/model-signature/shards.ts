import { VerificationError } from "../verification-error.ts";
import { inOrder, type Resource } from "./manifest.ts";

/** A part of a file. */
export interface Shard {
  readonly path: string;
  /** In bytes; the end is not included. */
  readonly start: number;
  readonly end: number;
}

/** A name may have colons in it: the last two numbers are the range. */
const SHARD = /^(.+):(0|[1-9]\d{0,15}):([1-9]\d{0,15})$/s;

/** @throws VerificationError `malformed` */
export function shardOf(attackerName: string): Shard {
  const [, path, start, end] = SHARD.exec(attackerName) ?? [];
  if (path === undefined) throw malformed("a shard is called path:start:end");
  return { path, start: Number(start), end: Number(end) };
}

export const shardName = ({ path, start, end }: Shard): string => `${path}:${start}:${end}`;

/**
 * Whether the parts are in one of the two orders in use: by name as text, as it is written, or by path and
 * then by number, as the reference implementation does it. The root digest follows the order.
 */
export function shardsAreInOrder(names: readonly string[]): boolean {
  const shards = names.map(shardOf);
  const byNumber = (one: Shard, other: Shard): number =>
    inOrder(one.path, other.path) || one.start - other.start || one.end - other.end;
  return ascends(names, inOrder) || ascends(shards, byNumber);
}

/** Whether each comes after the one before: nothing twice. */
export const ascends = <T>(things: readonly T[], compare: (one: T, other: T) => number): boolean =>
  things.every((thing, i) => {
    const before = things[i - 1];
    return before === undefined || compare(before, thing) < 0;
  });

/**
 * The parts of each file, without a gap in which something unsigned could hide: from 0, end to start, each of
 * the size that was said but for the last.
 * @returns paths
 * @throws VerificationError `malformed`
 */
export function requireWhole(resources: readonly Resource[], shardSize: number): Set<string> {
  const ends = new Map<string, number>();
  const shards = resources.map(({ name }) => shardOf(name));
  for (const { path, start, end } of shards.toSorted((one, other) => one.start - other.start)) {
    const before = ends.get(path) ?? 0;
    if (start !== before || start % shardSize !== 0 || end <= start || end - start > shardSize)
      throw malformed("the shards of a file do not follow one another");
    ends.set(path, end);
  }
  return new Set(ends.keys());
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
