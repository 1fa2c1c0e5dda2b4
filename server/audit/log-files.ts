import { encodeEntryBundle, type LogReader } from "@countersign/proof/log";
import { parseTilePath } from "@countersign/proof/merkle";
import type { DatabaseDeps } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import { readEntries, readHead, readTile } from "./store.ts";

const HASH_BYTES = 32;
const TILE_WIDTH = 256;

/**
 * The log's public files (C2SP tlog-tiles), read from the database. They are what anybody verifies, with
 * nothing but the log's key: the server's own word counts for nothing there.
 */
export function logFiles(deps: DatabaseDeps): LogReader {
  return {
    async checkpoint() {
      const { checkpoint } = await readHead(deps.database);
      if (checkpoint === "") throw noSuchFile("There is no checkpoint yet.");
      return checkpoint;
    },
    async tile(path) {
      const { level, n, width } = parsed(path);
      const bytes = level === "entries" ? await bundle(deps, n, width) : await hashes(deps, level, n, width);
      if (bytes === undefined) throw noSuchFile("The log has no such tile yet.");
      return bytes;
    },
  };
}

function parsed(attackerPath: string): ReturnType<typeof parseTilePath> {
  try {
    return parseTilePath(attackerPath);
  } catch {
    throw noSuchFile("This is not the path of a tile.");
  }
}

async function hashes(
  deps: DatabaseDeps,
  level: number,
  n: number,
  width: number,
): Promise<Uint8Array | undefined> {
  const tile = await readTile(deps.database, level, n);
  return tile.length < width * HASH_BYTES ? undefined : tile.subarray(0, width * HASH_BYTES);
}

async function bundle(deps: DatabaseDeps, n: number, width: number): Promise<Uint8Array | undefined> {
  const entries = await readEntries(deps.database, n * TILE_WIDTH, width);
  return entries.length === width ? encodeEntryBundle(entries) : undefined;
}

const noSuchFile = (message: string): Fault =>
  new Fault("not-found", message, { remedy: "Read the checkpoint first; it says how large the log is." });
