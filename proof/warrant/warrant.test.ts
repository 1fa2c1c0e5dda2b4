import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { anyGrant, anyNarrowing, callsNear } from "../grant/arbitraries.ts";
import { coversAll, permits } from "../grant/index.ts";
import { canonicalize, type Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import {
  anchors,
  chainOf,
  ecKey,
  expected,
  holder,
  holderOf,
  mint,
  next,
  now,
  prove,
  resource,
  rootClaims,
  upTo,
} from "./fixture.ts";
import {
  mintWarrant,
  type NextLink,
  narrowWarrant,
  parseWarrantChain,
  verifyWarrant,
  warrantLimits,
} from "./index.ts";

for (const length of [1, 2, 3, 4, 8]) {
  for (const kid of ["root-ed", "root-ec"] as const) {
    test(`a chain of ${length} under ${kid} holds in the hands of its last holder`, () => {
      const chain = chainOf(length, kid);
      const verified = verifyWarrant(chain, { proof: prove(chain) }, expected());
      assert.equal(verified.chain.length, length);
      assert.equal(verified.leaf.claims.jti, `w-${length - 1}`);
      assert.equal(verified.call?.grants.length, length);
      assert.equal(verified.exp, now / 1000 + 880 - (length - 1) * 10);
      assert.deepEqual(verified.conditions, {});
      assert.equal(verified.consent, undefined);
    });
  }
}

test("narrowing makes a link exactly where one grant before covers each, and whatever then passes every link permits", () => {
  const two = ["https://one", "https://two"];
  const pairs = fc.oneof(anyNarrowing, fc.tuple(anyGrant, anyGrant));
  const cases = pairs.chain(([parent, child]) =>
    fc.tuple(
      fc.constant(parent),
      fc.constant(child),
      callsNear(child).map((call) => ({ ...call, location: "https://one" })),
    ),
  );
  fc.assert(
    fc.property(cases, ([parent, child, call]) => {
      // What JSON cannot hold cannot be asked for; `malformed` is another test's.
      fc.pre(isJson(call.args));
      const root = mint({ aud: two, authorization_details: [parent] });
      const link = () => narrowWarrant([root], next(1, { grants: [child] }), holder(0));
      if (!coversAll([parent], [child])) {
        assert.throws(link, { code: "widened" });
        return;
      }
      const chain = [root, link()];
      const judge = () =>
        verifyWarrant(
          chain,
          { proof: prove(chain, { call: call as never }) },
          expected({ audience: "https://one", call }),
        );
      if (permits(parent, call) && permits(child, call))
        assert.deepEqual(judge().call?.grants, [parent, child]);
      else assert.throws(judge, { code: "not-permitted" });
    }),
    { numRuns: 150 },
  );
});

function isJson(args: unknown): boolean {
  try {
    canonicalize(args as Json);
    return true;
  } catch {
    return false;
  }
}

test("arguments that JSON cannot hold are malformed", () => {
  const chain = chainOf(2);
  const call = { type: "agent_tool", location: resource, action: "tools/call", identifier: "pay_invoice" };
  for (const amount_cents of [Number.NaN, "\ud800"]) {
    const asked = expected({ call: { ...call, args: { amount_cents } } });
    assert.throws(() => verifyWarrant(chain, { proof: prove(chain) }, asked), { code: "malformed" });
  }
});

const refusedNarrowing: [string, string, Partial<NextLink>][] = [
  ["a grant that is wider", "widened", { grants: [upTo(500_001)] }],
  ["no grants", "malformed", { grants: [] }],
  ["an end after its own", "widened", { exp: now / 1000 + 881 }],
  ["a beginning before its own", "widened", { iat: now / 1000 - 21 }],
  ["an audience more", "widened", { aud: [resource, "https://other.example.com"] }],
  ["a ceiling higher than its own", "too-deep", { maxDepth: 8 }],
  ["a ceiling below the link itself", "too-deep", { maxDepth: 0 }],
  ["its own jti", "broken-chain", { jti: "w-0" }],
  ["a jti that is empty", "malformed", { jti: "" }],
  ["a holder who is nobody", "missing-claim", { act: { iss: "x" } as never }],
];
for (const [what, code, change] of refusedNarrowing) {
  test(`the holder of a warrant cannot pass on ${what}`, () => {
    assert.throws(() => narrowWarrant([mint()], next(1, change), holder(0)), { code });
  });
}

test("only the key that holds the last link passes it on", () => {
  assert.throws(() => narrowWarrant(chainOf(2), next(2), holder(0)), { code: "not-bound" });
  assert.throws(() => narrowWarrant(mint(), next(1), ecKey(50)), { code: "not-bound" });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  assert.throws(() => narrowWarrant(mint(), next(1), rsa), { code: "not-bound" });
});

test("a chain of eight cannot be passed on, nor one that is empty or no chain", () => {
  const full = chainOf(8);
  assert.throws(() => narrowWarrant(full, next(8, { exp: now / 1000 + 700, grants: [upTo(1)] }), holder(7)), {
    code: "too-deep",
  });
  assert.throws(() => narrowWarrant([], next(1), holder(0)), { code: "malformed" });
  assert.throws(() => narrowWarrant("a.b.c", next(1), holder(0)), VerificationError);
});

test("what nobody could use is not minted", () => {
  const signer = { kid: "root-ed", key: anchors["root-ed"] };
  const bad: [string, object][] = [
    ["too-long-lived", { exp: now / 1000 + 3_600 }],
    ["too-deep", { del_depth: 1 }],
    ["malformed", { par_hash: "A".repeat(43) }],
    ["malformed", { aud: ["https://other.example.com"] }],
    ["malformed", { rev: [] }],
    ["malformed", { restriction: true }],
    [
      "wrong-alg",
      { cnf: { jwk: { kty: "RSA", n: Buffer.alloc(256, 0xff).toString("base64url"), e: "AQAB" } } },
    ],
    ["private-key", { cnf: { jwk: { ...holderOf(holder(0)), d: "AAAA" } } }],
  ];
  for (const [code, change] of bad) {
    assert.throws(() => mintWarrant(rootClaims(change), signer), { code }, JSON.stringify(change));
  }
});

test("a verifier's times that are no numbers, or limits, refuse", () => {
  const chain = chainOf(2);
  const judge = (change: object) => () => verifyWarrant(chain, { proof: prove(chain) }, expected(change));
  assert.throws(judge({ now: Number.NaN }), VerificationError);
  assert.throws(judge({ mostLinks: Number.NaN }), { code: "too-deep" });
  assert.throws(judge({ windowSeconds: Number.NaN }), VerificationError);
  assert.throws(judge({ mostLinks: undefined, now: now + 60_000 }), { code: "stale" });
});

test("more than eight links are refused, whatever the verifier would take", () => {
  const chain = [...chainOf(8), mint()];
  assert.throws(() => verifyWarrant(chain, { proof: prove(chainOf(8)) }, expected({ mostLinks: 100 })), {
    code: "too-deep",
  });
});

test("without a call nothing is permitted: the holder is proven, and the grants are given back", () => {
  const chain = chainOf(2);
  const verified = verifyWarrant(chain, { proof: prove(chain) }, expected({ call: undefined }));
  assert.equal(verified.call, undefined);
  assert.equal(verified.reference.root, "w-0");
  assert.equal(verified.reference.leaf, "w-1");
  assert.throws(
    () => verifyWarrant(chain, { proof: prove(chain, { key: holder(0) }) }, expected({ call: undefined })),
    {
      code: "not-bound",
    },
  );
});

test("a chain comes apart as it was put together, and nothing else comes apart", () => {
  const chain = chainOf(3);
  for (const text of [chain.join("~"), chain.join(","), chain.join(", "), JSON.stringify(chain)]) {
    assert.deepEqual(parseWarrantChain(text), chain);
  }
  const nine = Array.from({ length: 9 }, () => "a.b.c").join("~");
  const bad = [
    "",
    "~",
    "a~",
    "a~~b",
    "[]",
    '["a",1]',
    '["a"',
    '[["a"]]',
    nine,
    "a".repeat(warrantLimits.chain + 1),
  ];
  for (const text of bad) assert.throws(() => parseWarrantChain(text), VerificationError, text.slice(0, 20));
});
