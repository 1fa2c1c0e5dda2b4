/**
 * What a chain of warrants costs beyond its signatures: narrowing it link by link and verifying it with its
 * holder's proof, beside the same number of signatures made, keys imported and signatures checked.
 */
import assert from "node:assert/strict";
import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import {
  createWarrantCache,
  narrowWarrant,
  verifyWarrant,
  type WarrantCache,
} from "@countersign/proof/warrant";
import { chainOf, expected, holder, holderOf, next, prove } from "../proof/warrant/fixture.ts";
import { digestOf, medians, partsOf, ROUNDS, rounded, signBare, verifyBare } from "./primitives/index.ts";
import type { Figures } from "./run.ts";

const LENGTHS = [1, 4, 8] as const;

export async function run(): Promise<Figures> {
  const figures: Figures = {};
  for (const length of LENGTHS) {
    const { ours, bare } = medians({ ours: narrowAndVerify(length), bare: bareChain(length) });
    figures[`ratio${length}`] = rounded(ours / bare);
    figures[`ours${length}Us`] = rounded(ours);
    figures[`bare${length}Us`] = rounded(bare);
  }
  const { ours, bare } = medians({ ours: verifyCached(8), bare: bareCheck(8) });
  const ratios = LENGTHS.map((length) => figures[`ratio${length}`] ?? Number.NaN);
  return {
    ratio: Math.max(...ratios),
    cachedRatio: rounded(ours / bare),
    cachedUs: rounded(ours),
    bareCheckUs: rounded(bare),
    ...figures,
    rounds: ROUNDS,
  };
}

/** The root is there; every further link is made, then the whole chain is verified with nothing known before. */
function narrowAndVerify(length: number): () => void {
  const made = chainOf(length);
  const proof = prove(made);
  return () => {
    for (let i = 1; i < length; i++) narrowWarrant(made[i - 1] ?? "", next(i), holder(i - 1));
    const { call } = verifyWarrant(made, { proof }, expected());
    assert.equal(call?.grants.length, length);
  };
}

/** The same signatures over the same texts, and nothing else. */
function bareChain(length: number): () => void {
  const made = chainOf(length);
  const links = made.map(partsOf);
  const proof = partsOf(prove(made));
  const root = expectedRoot();
  const jwks = made.map((_, i) => holderOf(holder(i)) as JsonWebKey);
  const digests = made.map((_, i) => digestOf(holder(i)));
  return () => {
    for (let i = 1; i < length; i++) signBare(links[i]?.signed ?? Buffer.of(), holder(i - 1), digests[i - 1]);
    let [key, digest] = [root, digestOf(root)];
    for (const [i, link] of links.entries()) {
      assert.ok(verifyBare(link, key, digest));
      key = createPublicKey({ key: jwks[i] ?? {}, format: "jwk" });
      digest = digests[i] ?? null;
    }
    assert.ok(verifyBare(proof, key, digest));
  };
}

/** A chain that was seen before, with a proof of its holder. */
function verifyCached(length: number): () => void {
  const made = chainOf(length);
  const proof = prove(made);
  const cache: WarrantCache = createWarrantCache(100);
  return () => {
    const { call } = verifyWarrant(made, { proof }, expected({ cache }));
    assert.equal(call?.grants.length, length);
  };
}

function bareCheck(length: number): () => void {
  const proof = partsOf(prove(chainOf(length)));
  const jwk = holderOf(holder(length - 1)) as JsonWebKey;
  const digest = digestOf(holder(length - 1));
  return () => assert.ok(verifyBare(proof, createPublicKey({ key: jwk, format: "jwk" }), digest));
}

const expectedRoot = (): KeyObject => {
  const key = expected().keys.get("root-ed");
  assert.ok(key);
  return key;
};
