import type { BigIntStats } from "node:fs";
import { inOrder, isIgnored } from "@countersign/proof/model-signature";
import type { Folder } from "./folder.ts";
import type { Place } from "./place.ts";
import { MeasureRefusal } from "./refusal.ts";

/** A file of a model. */
export interface FoundFile {
  /** Relative to the model, with `/`; the file's own name where the model is one file. */
  readonly name: string;
  readonly stats: BigIntStats;
}

/** More files than any model has, and folders in one another. */
const MOST_FILES = 100_000;
const DEEPEST = 64;

/**
 * All files of a model, sorted as their digests are: by code point.
 * @param ignored paths within the model that are left out, with all that lies below
 * @throws MeasureRefusal for links, pipes, devices and names that are not UTF-8: what cannot be measured is not
 *   passed over
 */
export async function findFiles(place: Place, ignored: readonly string[]): Promise<FoundFile[]> {
  const stats = await place.folder.look(place.name);
  if (!stats.isDirectory()) return [{ name: place.name, stats }];
  const found: FoundFile[] = [];
  const folder = await place.folder.folder(place.name);
  const device = folder.followsLinks ? undefined : stats.dev;
  try {
    await gather(folder, { prefix: "", depth: 0, above: [identityOf(stats)], device }, ignored, found);
  } finally {
    await folder.close();
  }
  if (found.length === 0) throw new MeasureRefusal("empty", place.name, `${place.name} has no file in it.`);
  return found.sort((one, other) => inOrder(one.name, other.name));
}

interface Where {
  readonly prefix: string;
  readonly depth: number;
  /** The folders that this one lies in: a followed link may lead back into one. */
  readonly above: readonly string[];
  /**
   * The file system that its folders lie on, unless links may lead elsewhere: what is mounted below could be
   * served by a user's program. Files may say another one: an overlay's do.
   */
  readonly device: bigint | undefined;
}

async function gather(
  folder: Folder,
  where: Where,
  ignored: readonly string[],
  found: FoundFile[],
): Promise<void> {
  const entries = await folder.entries((name) => isIgnored(`${where.prefix}${name}`, ignored));
  for (const { name, stats } of entries) {
    const path = `${where.prefix}${name}`;
    if (stats.isDirectory()) {
      await gatherBelow(folder, name, inner(where, path, stats), ignored, found);
      continue;
    }
    if (found.length === MOST_FILES)
      throw new MeasureRefusal("too-many", path, `A model has at most ${MOST_FILES} files.`);
    found.push({ name: path, stats });
  }
}

async function gatherBelow(
  folder: Folder,
  name: string,
  where: Where,
  ignored: readonly string[],
  found: FoundFile[],
): Promise<void> {
  const below = await folder.folder(name);
  try {
    await gather(below, where, ignored, found);
  } finally {
    await below.close();
  }
}

function inner({ depth, above, device }: Where, path: string, stats: BigIntStats): Where {
  const identity = identityOf(stats);
  if (depth === DEEPEST || above.includes(identity))
    throw new MeasureRefusal("too-many", path, `${path} lies too deep, or leads back to itself.`);
  if (device !== undefined && stats.dev !== device)
    throw new MeasureRefusal(
      "other-file-system",
      path,
      `${path} lies on another file system than the model.`,
    );
  return { prefix: `${path}/`, depth: depth + 1, above: [...above, identity], device };
}

const identityOf = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`;
