import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CompactRange,
  consistencyPath,
  emptyRoot,
  inclusionPath,
  leafHash,
  nodeHash,
  type ReadHash,
  sameHash,
  verifyConsistency,
  verifyInclusion,
} from "./index.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const text = (content: string) => new TextEncoder().encode(content);
const leaf = (i: number) => leafHash(text(`event ${i}`));

/** The definition of RFC 6962 §2.1, word by word: the oracle for everything faster. */
function rootByDefinition(leaves: Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return emptyRoot();
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(rootByDefinition(leaves.slice(0, k)), rootByDefinition(leaves.slice(k)));
}

const leaves = Array.from({ length: 400 }, (_, i) => leaf(i));
const roots = Array.from({ length: 401 }, (_, size) => rootByDefinition(leaves.slice(0, size)));
const rootOf = (size: number) => roots[size] ?? emptyRoot();
const readHash: ReadHash = async (level, index) => {
  const width = 2 ** level;
  return rootByDefinition(leaves.slice(index * width, (index + 1) * width));
};

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = Math.floor(bit / 8) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit % 8));
  return copy;
}

test("hashes are those of RFC 6962's own tests", () => {
  assert.equal(hex(emptyRoot()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
  assert.equal(hex(leafHash(text(""))), empty);
  const l123456 = "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56";
  assert.equal(hex(leafHash(text("L123456"))), l123456);
  const node = "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb";
  assert.equal(hex(nodeHash(text("N123"), text("N456"))), node);
});

test("the classic tree of eight leaves has its published root", () => {
  const inputs = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
  ];
  const range = new CompactRange();
  for (const input of inputs) range.append(leafHash(Buffer.from(input, "hex")));
  assert.equal(Buffer.from(range.root()).toString("base64"), "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=");
});

test("a compact range has the root of the definition at every size", () => {
  const range = new CompactRange();
  for (let size = 0; size <= 400; size++) {
    assert.equal(range.size, size);
    assert.ok(sameHash(range.root(), rootOf(size)), `size ${size}`);
    if (size < 400) range.append(leaf(size));
  }
});

test("a compact range goes on from what it kept, and from nothing else", () => {
  const range = new CompactRange();
  for (const one of leaves.slice(0, 301)) range.append(one);
  const resumed = new CompactRange(range.subtrees);
  for (const one of leaves.slice(301)) resumed.append(one);
  assert.ok(sameHash(resumed.root(), rootOf(400)));
  const kept = range.subtrees;
  assert.throws(() => new CompactRange(kept.slice(1)), RangeError);
  assert.throws(() => new CompactRange(kept.toReversed()), RangeError);
  const twins = [0, 1].map((index) => ({ level: 0, index, hash: leaf(index) }));
  assert.throws(() => new CompactRange(twins), RangeError);
  assert.throws(() => new CompactRange([...kept, ...kept.slice(-1)]), RangeError);
});

test("appending shows every subtree that became complete, once", async () => {
  const seen = new Map<string, Uint8Array>();
  const range = new CompactRange();
  for (const one of leaves) {
    range.append(one, ({ level, index, hash }) => {
      assert.equal(seen.has(`${level}/${index}`), false);
      seen.set(`${level}/${index}`, hash);
    });
  }
  let expected = 0;
  for (let level = 0; 2 ** level <= 400; level++) expected += Math.floor(400 / 2 ** level);
  assert.equal(seen.size, expected);
  for (const [name, hash] of seen) {
    const [level, index] = name.split("/").map(Number);
    assert.ok(sameHash(hash, await readHash(level ?? 0, index ?? 0)), name);
  }
});

const sizes = fc.integer({ min: 1, max: 400 });
const indexAndSize = sizes.chain((size) =>
  fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)),
);
const twoSizes = sizes.chain((size) => fc.tuple(fc.integer({ min: 1, max: size }), fc.constant(size)));

test("every entry can be proven, and any changed bit of the proof, leaf or root breaks it", async () => {
  const property = fc.asyncProperty(indexAndSize, fc.nat(), async ([index, size], bit) => {
    const proof = await inclusionPath(index, size, readHash);
    const root = rootOf(size);
    assert.ok(verifyInclusion(index, size, leaf(index), proof, root));
    assert.ok(!verifyInclusion(index, size, flipped(leaf(index), bit), proof, root));
    assert.ok(!verifyInclusion(index, size, leaf(index), proof, flipped(root, bit)));
    for (const [i, sibling] of proof.entries()) {
      assert.ok(!verifyInclusion(index, size, leaf(index), proof.with(i, flipped(sibling, bit)), root));
    }
    assert.ok(!verifyInclusion(index, size, leaf(index), [...proof, root], root));
    assert.ok(!verifyInclusion(index, size, leaf(index), proof.slice(1), root) || proof.length === 0);
  });
  await fc.assert(property, { numRuns: 150 });
});

test("an entry is proven at its own place only", async () => {
  const property = fc.asyncProperty(indexAndSize, sizes, async ([index, size], other) => {
    const proof = await inclusionPath(index, size, readHash);
    const elsewhere = other - 1;
    if (elsewhere !== index) {
      assert.ok(!verifyInclusion(elsewhere, size, leaf(index), proof, rootOf(size)));
    }
  });
  await fc.assert(property, { numRuns: 150 });
});

test("every prefix can be proven, and any changed bit of the proof or a root breaks it", async () => {
  const property = fc.asyncProperty(twoSizes, fc.nat(), async ([old, grown], bit) => {
    const proof = await consistencyPath(old, grown, readHash);
    const [root1, root2] = [rootOf(old), rootOf(grown)];
    assert.ok(verifyConsistency(old, grown, root1, root2, proof));
    assert.ok(!verifyConsistency(old, grown, flipped(root1, bit), root2, proof));
    assert.ok(!verifyConsistency(old, grown, root1, flipped(root2, bit), proof));
    for (const [i, node] of proof.entries()) {
      assert.ok(!verifyConsistency(old, grown, root1, root2, proof.with(i, flipped(node, bit))));
    }
    assert.ok(!verifyConsistency(old, grown, root1, root2, [...proof, root2]));
    assert.ok(!verifyConsistency(grown, old, root2, root1, proof) || old === grown);
  });
  await fc.assert(property, { numRuns: 150 });
});

test("an empty tree, an entry in place of its hash, and sizes that are none prove nothing", () => {
  const root = rootOf(1);
  assert.ok(!verifyConsistency(0, 1, emptyRoot(), root, []));
  assert.ok(!verifyInclusion(0, 1, new Uint8Array(31), [], new Uint8Array(31)));
  assert.ok(!verifyInclusion(1, 1, leaf(0), [], root));
  for (const size of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.ok(!verifyInclusion(0, size, root, [], root), `size ${size}`);
    assert.ok(!verifyInclusion(size, 2, root, [root], root), `index ${size}`);
    assert.ok(!verifyConsistency(size, size, root, root, []), `sizes ${size}`);
  }
  assert.ok(!verifyInclusion(-1n, 1n, root, [], root));
});

test("proofs are not made for entries and prefixes that do not exist", async () => {
  for (const [index, size] of [
    [1, 1],
    [-1, 1],
    [0, 0],
    [0.5, 2],
    [0, 2 ** 53],
  ] as const) {
    await assert.rejects(inclusionPath(index, size, readHash), RangeError, `${index} of ${size}`);
  }
  for (const [old, grown] of [
    [0, 1],
    [2, 1],
  ] as const) {
    await assert.rejects(consistencyPath(old, grown, readHash), RangeError, `${old} of ${grown}`);
  }
});
