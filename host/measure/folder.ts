import { isUtf8 } from "node:buffer";
import { type BigIntStats, constants, existsSync } from "node:fs";
import { type FileHandle, lstat, open, readdir, stat } from "node:fs/promises";
import { MeasureRefusal, refusalOf } from "./refusal.ts";

/**
 * Where a folder's descriptor leads to the folder itself, whatever its path leads to by now. Linux alone: there
 * nobody can swap a folder for a link between two looks. Elsewhere paths have to do, for a person's own files.
 */
const DESCRIPTORS = "/proc/self/fd";
const hasDescriptors = existsSync(DESCRIPTORS);

/** Never wait for a pipe's other end, never become a terminal's. */
const CAREFUL = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export interface Entry {
  readonly name: string;
  readonly stats: BigIntStats;
}

/** A folder that is open: what lies in it is reached through it and nothing else. */
export class Folder {
  readonly #handle: FileHandle | undefined;
  readonly #path: string;
  /** Links are refused, unless a person said that they may be followed. */
  readonly #links: "refuse" | "follow";

  private constructor(handle: FileHandle | undefined, path: string, links: "refuse" | "follow") {
    this.#handle = handle;
    this.#path = path === "/" ? "" : path;
    this.#links = links;
  }

  /**
   * Opens the folder that a path leads to; a link at its end is followed here, for the caller says where he
   * begins.
   * @throws MeasureRefusal
   */
  static async open(path: string, links: "refuse" | "follow" = "refuse"): Promise<Folder> {
    return Folder.#at(path, path, links, "follow");
  }

  static async #at(
    from: string,
    path: string,
    links: "refuse" | "follow",
    here: "refuse" | "follow" = links,
  ): Promise<Folder> {
    const flags = CAREFUL | constants.O_DIRECTORY | (here === "follow" ? 0 : constants.O_NOFOLLOW);
    const handle = await orRefuse(path, () => open(from, flags));
    return new Folder(hasDescriptors ? handle : await closed(handle), path, links);
  }

  get followsLinks(): boolean {
    return this.#links === "follow";
  }

  #reach(name: string): string {
    return this.#handle === undefined ? `${this.#path}/${name}` : `${DESCRIPTORS}/${this.#handle.fd}/${name}`;
  }

  /** @throws MeasureRefusal `is-link` where it is one */
  async folder(name: string): Promise<Folder> {
    await this.look(name);
    return Folder.#at(this.#reach(name), `${this.#path}/${name}`, this.#links);
  }

  /** @throws MeasureRefusal */
  async file(name: string): Promise<FileHandle> {
    const path = `${this.#path}/${name}`;
    const flags = CAREFUL | (this.#links === "follow" ? 0 : constants.O_NOFOLLOW);
    // What is no file is not even opened: opening a device can do something.
    await this.look(name);
    return orRefuse(path, () => open(this.#reach(name), flags));
  }

  /** What lies there: a file or a folder. @throws MeasureRefusal for anything else */
  async look(name: string): Promise<BigIntStats> {
    const path = `${this.#path}/${name}`;
    const ask = this.#links === "follow" ? stat : lstat;
    const stats = await orRefuse(path, () => ask(this.#reach(name), { bigint: true }));
    if (stats.isSymbolicLink())
      throw new MeasureRefusal("is-link", path, `${path} is a link, and links are not followed.`);
    if (!stats.isFile() && !stats.isDirectory())
      throw new MeasureRefusal("not-a-file", path, `${path} is neither a file nor a folder.`);
    return stats;
  }

  /** All that lies in it, but for what is to be left out. @throws MeasureRefusal */
  async entries(isLeftOut: (name: string) => boolean): Promise<Entry[]> {
    const names = await orRefuse(this.#path, () => readdir(this.#reach("."), { encoding: "buffer" }));
    const kept = names.map((name) => nameOf(name, this.#path)).filter((name) => !isLeftOut(name));
    return Promise.all(kept.map(async (name) => ({ name, stats: await this.look(name) })));
  }

  close(): Promise<void> {
    return this.#handle?.close() ?? Promise.resolve();
  }
}

/** A name that is not UTF-8 could stand for another one in JSON. */
function nameOf(attackerName: Buffer, path: string): string {
  if (isUtf8(attackerName)) return attackerName.toString("utf8");
  throw new MeasureRefusal("bad-name", path, `${path} holds a name that is not UTF-8.`);
}

async function closed(handle: FileHandle): Promise<undefined> {
  await handle.close();
  return undefined;
}

async function orRefuse<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw refusalOf(path, cause);
  }
}
