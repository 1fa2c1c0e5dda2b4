import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseCheckpoint } from "@countersign/proof/checkpoint";
import type { LogReader } from "@countersign/proof/log";
import { entriesPath, tilePath, widthOf } from "@countersign/proof/merkle";
import { Trouble } from "./say.ts";

interface LogKey {
  origin: string;
  vkey: string;
}

const TILE_WIDTH = 256;

/**
 * Copies the log's public files into a folder laid out as C2SP tlog-tiles serves them.
 * @returns how many events the copied checkpoint covers
 */
export async function exportLog(reader: LogReader, key: LogKey, folder: string): Promise<number> {
  const note = await reader.checkpoint();
  const { size } = parseCheckpoint(note.slice(0, note.indexOf("\n\n") + 1));
  for (const path of pathsOf(size)) write(folder, path, await reader.tile(path));
  write(folder, "key.json", `${JSON.stringify(key)}\n`);
  write(folder, "checkpoint", note);
  return size;
}

function* pathsOf(size: number): Generator<string> {
  for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level++) {
    for (let n = 0; widthOf(level, n, size) > 0; n++) {
      yield tilePath(level, n, widthOf(level, n, size));
      if (level === 0) yield entriesPath(n, widthOf(level, n, size));
    }
  }
}

function write(folder: string, path: string, content: string | Uint8Array): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, content, { mode: 0o600 });
}

/** A copy made by `exportLog`, read from its folder. */
export function readCopy(folder: string): { reader: LogReader; key: LogKey } {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(join(folder, path));
    } catch {
      throw new Trouble(
        `The copy in ${folder} lacks ${path}.`,
        "Make a new copy with `countersign audit export`.",
      );
    }
  };
  const reader: LogReader = {
    checkpoint: async () => read("checkpoint").toString("utf8"),
    tile: async (path) => read(path),
  };
  return { reader, key: JSON.parse(read("key.json").toString("utf8")) };
}
