import { generateKeyPairSync } from "node:crypto";
import { ed25519Signer, formatVkey, type NoteSigner, signCheckpoint } from "../checkpoint/index.ts";
import { canonicalBytes } from "../jcs/index.ts";
import { CompactRange, entriesPath, leafHash, parseTilePath, tilePath, tileWidth } from "../merkle/index.ts";
import { encodeEntryBundle } from "./entry-bundle.ts";
import type { LogReader } from "./log-reader.ts";

/** For tests: a log as its public files, which a test then falsifies. */
export type LogFiles = { checkpoint: string; tiles: Map<string, Uint8Array> };

export const origin = "log.example.com/countersign";

/** A signer with a fresh key. */
export function newSigner(name: string = origin): NoteSigner {
  return ed25519Signer(name, generateKeyPairSync("ed25519").privateKey);
}

/** `count` events as a log holds them. */
export function events(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    canonicalBytes({ id: `event_${i}`, kind: "tool.called", n: i }),
  );
}

/** The public files of a log with these entries, each tile at its width at this size. */
export async function publish(entries: readonly Uint8Array[], signer: NoteSigner): Promise<LogFiles> {
  const tiles = new Map<string, Uint8Array>();
  const hashes = new Map<string, Uint8Array[]>();
  const range = new CompactRange();
  for (const entry of entries) {
    range.append(leafHash(entry), ({ level, index, hash }) => {
      if (level % 8 !== 0) return;
      const name = tilePath(level / 8, Math.floor(index / tileWidth));
      const tile = hashes.get(name);
      if (tile === undefined) hashes.set(name, [hash]);
      else tile.push(hash);
    });
  }
  for (const [name, tile] of hashes) {
    const { level, n } = parseTilePath(name);
    tiles.set(tilePath(Number(level), n, tile.length), Buffer.concat(tile));
  }
  for (let at = 0; at < entries.length; at += tileWidth) {
    const bundle = entries.slice(at, at + tileWidth);
    tiles.set(entriesPath(at / tileWidth, bundle.length), encodeEntryBundle(bundle));
  }
  return { tiles, checkpoint: await signCheckpoint({ size: range.size, root: range.root() }, signer) };
}

/** Reads the files as a stranger would. */
export function readerOf({ checkpoint, tiles }: LogFiles): LogReader {
  return {
    checkpoint: async () => checkpoint,
    tile: async (path) => {
      const tile = tiles.get(path);
      if (tile === undefined) throw new Error(`no such file: ${path}`);
      return tile;
    },
  };
}

/** What a stranger knows of the signer's log. */
export function knownBy(signer: NoteSigner): { vkey: string; origin: string } {
  return { vkey: formatVkey(signer), origin };
}
