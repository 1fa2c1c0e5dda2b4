import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { verifyConsistency, verifyInclusion } from "./index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = `${process.env.COUNTERSIGN_VECTORS ?? `${root}../shared/vectors`}/merkle`;
const skip = existsSync(folder) ? false : "no vectors";

type Vector = Record<string, string | string[] | bigint | boolean | null>;

/** Sizes reach 2^63, which JSON.parse would round: numbers are read from their text. */
function read(path: string): Vector {
  const reviver = (_: string, value: unknown, context: { source: string }) =>
    typeof value === "number" ? BigInt(context.source) : value;
  return JSON.parse(readFileSync(path, "utf8"), reviver as (key: string, value: unknown) => unknown);
}

const bytes = (value: unknown) => new Uint8Array(Buffer.from(String(value ?? ""), "base64"));
const proofOf = (vector: Vector) => ((vector.proof as string[] | null) ?? []).map(bytes);
const sizeOf = (value: unknown) => value as bigint;

function run(kind: string, verify: (vector: Vector) => boolean): number {
  const paths = globSync(`${folder}/${kind}/**/*.json`);
  for (const path of paths) {
    const vector = read(path);
    assert.equal(verify(vector), !vector.wantErr, path.slice(folder.length));
  }
  return paths.length;
}

test("all 196 proofs of transparency-dev/merkle are judged as it judges them", { skip }, () => {
  const inclusion = run("inclusion", (v) =>
    verifyInclusion(sizeOf(v.leafIdx), sizeOf(v.treeSize), bytes(v.leafHash), proofOf(v), bytes(v.root)),
  );
  const consistency = run("consistency", (v) =>
    verifyConsistency(sizeOf(v.size1), sizeOf(v.size2), bytes(v.root1), bytes(v.root2), proofOf(v)),
  );
  assert.equal(inclusion + consistency, 196);
});
