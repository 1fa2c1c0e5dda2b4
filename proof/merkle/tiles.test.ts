import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CompactRange,
  entriesPath,
  hashesFromTiles,
  inclusionPath,
  leafHash,
  nodePlace,
  parseTilePath,
  tilePath,
  verifyInclusion,
  widthOf,
} from "./index.ts";

test("paths are those of tlog-tiles", () => {
  assert.equal(tilePath(0, 1234067), "tile/0/x001/x234/067");
  assert.equal(tilePath(63, 0), "tile/63/000");
  assert.equal(tilePath(1, 0, 12), "tile/1/000.p/12");
  assert.equal(tilePath(0, 999), "tile/0/999");
  assert.equal(tilePath(0, 1000), "tile/0/x001/000");
  assert.equal(entriesPath(0, 12), "tile/entries/000.p/12");
  assert.equal(entriesPath(1234067), "tile/entries/x001/x234/067");
});

test("a path is read back as the tile it was made for", () => {
  const tiles = fc.record(
    {
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant("entries" as const)),
      n: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(tiles, (tile) => {
      const { level, n, width } = tile;
      const path = level === "entries" ? entriesPath(n, width) : tilePath(level, n, width);
      assert.deepEqual(parseTilePath(path), tile);
    }),
  );
});

for (const path of [
  "",
  "tile/0/0",
  "tile/0/0000",
  "tile/00/000",
  "tile/64/000",
  "tile/-1/000",
  "tile/0/x000/001",
  "tile/0/001/001",
  "tile/0/x001",
  "tile/0/000.p/0",
  "tile/0/000.p/256",
  "tile/0/000.p/01",
  "tile/0/000.p",
  "tile/0/000/",
  "/tile/0/000",
  "tile/0/../../etc/passwd",
  "tile/entries/000\n",
  "tile/0/x999/x999/x999/x999/x999/999",
]) {
  test(`${JSON.stringify(path)} names no tile`, () => {
    assert.throws(() => parseTilePath(path), { code: "malformed" });
  });
}

test("tiles that cannot be have no path", () => {
  assert.throws(() => tilePath(64, 0), RangeError);
  assert.throws(() => tilePath(0, -1), RangeError);
  assert.throws(() => tilePath(0, 1.5), RangeError);
  assert.throws(() => entriesPath(0, 0), RangeError);
  assert.throws(() => entriesPath(0, 257), RangeError);
});

test("70,000 entries fill the tiles that the specification counts", () => {
  assert.equal(widthOf(0, 272, 70_000), 256);
  assert.equal(widthOf(0, 273, 70_000), 112);
  assert.equal(widthOf(0, 274, 70_000), 0);
  assert.equal(widthOf(1, 0, 70_000), 256);
  assert.equal(widthOf(1, 1, 70_000), 17);
  assert.equal(widthOf(2, 0, 70_000), 1);
  assert.equal(widthOf(3, 0, 70_000), 0);
  assert.equal(widthOf(1, 0, 256), 1);
});

test("a subtree lies in one tile, where its level and place say", () => {
  assert.deepEqual(nodePlace({ level: 0, index: 300 }), { level: 0, n: 1, first: 44, count: 1 });
  assert.deepEqual(nodePlace({ level: 7, index: 3 }), { level: 0, n: 1, first: 128, count: 128 });
  assert.deepEqual(nodePlace({ level: 8, index: 3 }), { level: 1, n: 0, first: 3, count: 1 });
  assert.deepEqual(nodePlace({ level: 17, index: 2 }), { level: 2, n: 0, first: 4, count: 2 });
});

test("proofs made from tiles verify, across the border of a tile as well", async () => {
  const size = 1000;
  const leaves = Array.from({ length: size }, (_, i) => leafHash(Uint8Array.of(i >> 8, i & 255)));
  const tiles = new Map<string, Uint8Array[]>();
  const range = new CompactRange();
  for (const leaf of leaves) {
    range.append(leaf, ({ level, index, hash }) => {
      if (level % 8 !== 0) return;
      const name = `${level / 8}/${Math.floor(index / 256)}`;
      tiles.set(name, [...(tiles.get(name) ?? []), hash]);
    });
  }
  const readHash = hashesFromTiles(size, async ({ level, n, width }) => {
    const hashes = tiles.get(`${level}/${n}`) ?? [];
    assert.equal(hashes.length, width);
    return Buffer.concat(hashes);
  });
  for (const index of [0, 1, 255, 256, 257, 767, 768, 998, 999]) {
    const proof = await inclusionPath(index, size, readHash);
    assert.ok(
      verifyInclusion(index, size, leaves[index] ?? Uint8Array.of(), proof, range.root()),
      `${index}`,
    );
  }
});

test("a tile of the wrong length is refused", async () => {
  for (const length of [0, 31, 33, 64]) {
    const readHash = hashesFromTiles(1, async () => new Uint8Array(length));
    await assert.rejects(readHash(0, 0), { code: "malformed" }, `${length} bytes`);
  }
});
