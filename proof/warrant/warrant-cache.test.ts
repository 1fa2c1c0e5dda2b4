import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { KeySet } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import { anchors, chainOf, expected, holder, keys, mint, next, now, prove, upTo } from "./fixture.ts";
import { createWarrantCache, narrowWarrant, type VerifiedWarrant, verifyWarrant } from "./index.ts";

/** Chains that share prefixes, end at different times, and some that do not hold. */
function somePresentations(): { name: string; chain: string[]; proof: (at: number) => string }[] {
  const long = chainOf(5);
  const short = [mint({ jti: "s-0", exp: now / 1000 + 60 })];
  short.push(narrowWarrant(short, next(1, { jti: "s-1", exp: now / 1000 + 30 }), holder(0)));
  const other = [...long.slice(0, 2)];
  other.push(narrowWarrant(other, next(2, { jti: "o-2", grants: [upTo(1_000)] }), holder(1)));
  const ec = chainOf(3, "root-ec");
  const resigned = [
    ...long.slice(0, 1),
    narrowWarrant(long.slice(0, 1), next(1), holder(0)),
    ...long.slice(2),
  ];
  const broken = [...long.slice(0, 4), `${(long[4] ?? "").slice(0, -4)}AAAA`];
  const brokenRoot = [`${(long[0] ?? "").slice(0, -4)}AAAA`, ...long.slice(1)];
  const spliced = [ec[0] ?? "", ...long.slice(1)];
  const all = { long, prefix: long.slice(0, 3), short, other, ec, resigned, broken, brokenRoot, spliced };
  return Object.entries(all).map(([name, chain]) => ({
    name,
    chain,
    proof: (at) => prove(chain, { now: at }),
  }));
}

const presentations = somePresentations();
const deadKeys = ["jti:w-0", "jti:w-2", "jti:s-1", "task:task_1", "agent:planner#0", "jti:o-2"];

/** The same keys under the same names, and the same names with each other's keys. */
const keySets: KeySet[] = [
  keys,
  new Map(Object.entries(anchors).map(([kid, key]) => [kid, createPublicKey(key)])),
  new Map([
    ["root-ed", createPublicKey(anchors["root-ec"])],
    ["root-ec", createPublicKey(anchors["root-ed"])],
  ]),
  new Map([["root-ec", createPublicKey(anchors["root-ec"])]]),
  new Map(),
];

type Step =
  | { kind: "present"; which: number }
  | { kind: "clock"; to: number }
  | { kind: "revoke"; key: string }
  | { kind: "keys"; set: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("present" as const), which: fc.nat(presentations.length - 1) }),
  },
  // Backwards, too: a clock that is set right must not bring a chain back that had ended for good elsewhere.
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("clock" as const), to: fc.integer({ min: -60, max: 900 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("revoke" as const), key: fc.constantFrom(...deadKeys) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("keys" as const), set: fc.nat(keySets.length - 1) }),
  },
);

test("with a cache the same chains hold and the same are refused for the same reason, whatever happens between", () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.constantFrom(1, 3, 100),
      (steps, limit) => {
        const cache = createWarrantCache(limit);
        const dead = new Set<string>();
        let [at, keySet] = [now, keys];
        for (const each of steps) {
          if (each.kind === "clock") at = now + each.to * 1000;
          else if (each.kind === "revoke") dead.add(each.key);
          else if (each.kind === "keys") keySet = keySets[each.set] ?? keys;
          else {
            const known = {
              now: at,
              keys: keySet,
              isDead: (rev: string[]) => rev.some((key) => dead.has(key)),
            };
            const { chain, proof } = presentations[each.which] ?? { chain: [], proof: () => "" };
            const presentation = { proof: proof(at) };
            const cached = outcome(() => verifyWarrant(chain, presentation, expected({ ...known, cache })));
            const uncached = outcome(() => verifyWarrant(chain, presentation, expected(known)));
            assert.deepEqual(cached, uncached);
            assert.ok(cache.size <= limit);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

/** What a caller can tell: everything but the imported keys. */
function outcome(verify: () => VerifiedWarrant): unknown {
  try {
    const { chain, leaf, ...verified } = verify();
    return {
      ...verified,
      chain: chain.map(({ claims, jkt, hash }) => ({ claims, jkt, hash })),
      leaf: leaf.jkt,
    };
  } catch (error) {
    assert.ok(error instanceof VerificationError);
    return { code: error.code, message: error.message };
  }
}

test("what was found in the cache cannot be changed by who got it", () => {
  const cache = createWarrantCache(10);
  const chain = chainOf(2);
  const { leaf } = verifyWarrant(chain, { proof: prove(chain) }, expected({ cache }));
  const [grant] = leaf.claims.authorization_details;
  assert.throws(() => Object.assign(leaf.claims, { exp: 9_999_999_999 }), TypeError);
  assert.throws(() => Object.assign(leaf, { jkt: "other" }), TypeError);
  assert.throws(() => grant?.locations.push("https://elsewhere.example.com"), TypeError);
});

test("a link is not found behind another link, though its own text is the same", () => {
  const cache = createWarrantCache(10);
  const chain = chainOf(3);
  verifyWarrant(chain, { proof: prove(chain) }, expected({ cache }));
  const [, ...rest] = chain;
  const another = [mint({}, "root-ec"), ...rest];
  assert.throws(() => verifyWarrant(another, { proof: prove(another) }, expected({ cache })), {
    code: "broken-chain",
    link: 1,
  });
});

test("a signature that another key made over the same text is not vouched for by the cache", () => {
  const cache = createWarrantCache(10);
  const chain = chainOf(2);
  verifyWarrant(chain, { proof: prove(chain) }, expected({ cache }));
  const [root = "", leaf = ""] = chain;
  const forged = [root, `${leaf.slice(0, leaf.lastIndexOf("."))}.${root.slice(root.lastIndexOf(".") + 1)}`];
  assert.throws(() => verifyWarrant(forged, { proof: prove(forged) }, expected({ cache })), {
    code: "bad-signature",
    link: 1,
  });
});

test("a revoked chain leaves the cache, and an expired one is not found", () => {
  const cache = createWarrantCache(10);
  const chain = chainOf(2);
  verifyWarrant(chain, { proof: prove(chain) }, expected({ cache }));
  assert.equal(cache.size, 2);
  assert.throws(
    () => verifyWarrant(chain, { proof: prove(chain) }, expected({ cache, isDead: () => true })),
    { code: "dead" },
  );
  assert.equal(cache.size, 0);
  verifyWarrant(chain, { proof: prove(chain) }, expected({ cache }));
  const later = now + 870_000;
  assert.throws(
    () => verifyWarrant(chain, { proof: prove(chain, { now: later }) }, expected({ cache, now: later })),
    {
      code: "expired",
    },
  );
  assert.equal(cache.find(chain[0] ?? "", undefined, keys, now + 10_000_000), undefined);
  assert.equal(cache.find(chain[0] ?? "", undefined, keys, Number.NaN), undefined);
});

test("strangers without a chain of their own put nothing into the cache", () => {
  const cache = createWarrantCache(10);
  const chain = chainOf(2);
  const attempts = [
    () => verifyWarrant(chain, { proof: prove(chain, { key: holder(5) }) }, expected({ cache })),
    () => verifyWarrant([mint(), "a.b.c"], { proof: prove(chain) }, expected({ cache })),
    () => verifyWarrant(chain, { proof: "a.b.c" }, expected({ cache })),
  ];
  for (const attempt of attempts) assert.throws(attempt, VerificationError);
  assert.equal(cache.size, 0);
});
