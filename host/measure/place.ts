import { Folder } from "./folder.ts";
import { MeasureRefusal } from "./refusal.ts";

/** The folder that something lies in, open, and what it is called there. */
export interface Place {
  readonly folder: Folder;
  readonly name: string;
}

/**
 * Where an absolute path leads, name by name and never through a link, below what a process sees as its root.
 * `..` leads nowhere: a path is written in the one way.
 * @param root `/proc/<pid>/root`; this machine's own when left out
 * @throws MeasureRefusal
 */
export async function placeOf(
  path: string,
  root = "/",
  links: "refuse" | "follow" = "refuse",
): Promise<Place> {
  const names = namesIn(path);
  let folder = await Folder.open(root, links);
  for (const name of names.slice(0, -1)) {
    const above = folder;
    try {
      folder = await above.folder(name);
    } finally {
      await above.close();
    }
  }
  return { folder, name: names.at(-1) ?? "." };
}

function namesIn(path: string): string[] {
  const names = path.split("/").slice(1);
  const isPlain = (name: string): boolean => name !== "" && name !== "." && name !== "..";
  if (path.startsWith("/") && !path.includes("\0") && names.every(isPlain)) return names;
  throw new MeasureRefusal("bad-name", path, `${path} is no absolute path without . and ...`);
}
