import { type Path, pathsRead } from "./paths-read.ts";

/**
 * What a policy looks at in its context, from its conditions in Cedar's JSON form. A value that cannot be had
 * must not slip past a policy that reads it, so whatever is not plainly `context.<member>` counts as reading
 * everything; and only what is read has to be gathered.
 */
export interface ContextRead {
  /** Members of the context itself, such as `risk` and `history`. */
  readonly members: Names;
  /** Arguments of the call. To ask whether there are arguments at all reads none. */
  readonly args: Names;
  /** Facts about the resource, the same way. */
  readonly facts: Names;
  /** Sliding windows, such as `agent_minute`, the same way. */
  readonly windows: Names;
}

/** Sorted, each once; or whatever there is. */
export type Names = readonly string[] | "any";

/** What reading the whole context reads. */
export const EVERYTHING: ContextRead = { members: "any", args: "any", facts: "any", windows: "any" };
const NOTHING: ContextRead = { members: [], args: [], facts: [], windows: [] };

/** @param conditions the `conditions` of a policy, or an expression, in JSON */
export function contextRead(conditions: unknown): ContextRead {
  const paths = pathsRead(conditions).filter(({ variable }) => variable === "context");
  if (paths.some(({ names }) => names.length === 0)) return EVERYTHING;
  return {
    members: sorted(paths.map(({ names: [member = ""] }) => member)),
    args: namesUnder("args", paths),
    facts: namesUnder("facts", paths),
    windows: namesUnder("window", paths),
  };
}

/** Everything that any of these reads. */
export function readTogether(reads: readonly ContextRead[]): ContextRead {
  return reads.reduce(
    (all, one) => ({
      members: together(all.members, one.members),
      args: together(all.args, one.args),
      facts: together(all.facts, one.facts),
      windows: together(all.windows, one.windows),
    }),
    NOTHING,
  );
}

/** Whether this one is among what is read. */
export const isRead = (name: string, names: Names): boolean => names === "any" || names.includes(name);

const together = (a: Names, b: Names): Names => (a === "any" || b === "any" ? "any" : sorted([...a, ...b]));

function namesUnder(member: string, paths: readonly Path[]): Names {
  const found: string[] = [];
  for (const { names, asked } of paths) {
    const [first, second] = names;
    if (first !== member) continue;
    if (second !== undefined) found.push(second);
    else if (!asked) return "any";
  }
  return sorted(found);
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
