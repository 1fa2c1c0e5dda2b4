import { readFileSync, statSync } from "node:fs";

/** Names of this machine's own users or groups by their number; those of a container are never asked. */
export function nameOf(kind: "user" | "group", id: number): string | undefined {
  return namesIn(kind === "user" ? "/etc/passwd" : "/etc/group").get(id);
}

interface Known {
  readonly changed: number;
  readonly names: ReadonlyMap<number, string>;
}
const known = new Map<string, Known>();

function namesIn(path: string): ReadonlyMap<number, string> {
  try {
    const changed = statSync(path).ctimeMs;
    const before = known.get(path);
    if (before?.changed === changed) return before.names;
    const names = parseNames(readFileSync(path, "utf8"));
    known.set(path, { changed, names });
    return names;
  } catch {
    return new Map();
  }
}

/** `name:password:number:…` by line; where a number comes twice the first one counts, as for `getpwuid`. */
export function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name = "", , id = ""] = line.split(":");
    if (!/^[A-Za-z0-9._][A-Za-z0-9._$-]*$/.test(name) || !/^\d{1,10}$/.test(id)) continue;
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}
