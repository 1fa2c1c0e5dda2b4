import { malformed, type NarrowingOperator, parseText } from "./operator.ts";

/** An absolute path: this one or one below it. */
export type Under = { op: "under"; path: string };

export const under: NarrowingOperator<Under> = {
  members: ["path"],
  parse: (members) => {
    const path = parseText(members.path);
    if (segmentsOf(path) === undefined) throw malformed("a path is not absolute and normal");
    return { op: "under", path };
  },
  permits: ({ path }, value) => typeof value === "string" && isUnder(value, path),
  covers: (parent, child) => isUnder(child.path, parent.path),
  meet: (a, b) => {
    if (isUnder(b.path, a.path)) return b;
    return isUnder(a.path, b.path) ? a : undefined;
  },
  describe: ({ path }, show) => `under ${show(path)}`,
};

function isUnder(attackerPath: string, parentPath: string): boolean {
  const [path, parent] = [segmentsOf(attackerPath), segmentsOf(parentPath)];
  if (path === undefined || parent === undefined) return false;
  return parent.every((segment, i) => segment === path[i]);
}

/**
 * The segments of an absolute path; a single slash at the end is no segment. Undefined for every path that
 * some reader could take for another: relative, with `.`, `..` or empty segments (also of dots and blanks,
 * which Windows trims), `%`, backslash, NUL and other control characters.
 */
function segmentsOf(attackerPath: string): string[] | undefined {
  if (!attackerPath.startsWith("/") || /[%\\\p{Cc}]/u.test(attackerPath)) return undefined;
  if (attackerPath === "/") return [];
  const segments = attackerPath.slice(1).replace(/\/$/, "").split("/");
  return segments.some((segment) => /^[. ]*$/.test(segment)) ? undefined : segments;
}
