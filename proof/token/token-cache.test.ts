import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { KeySet } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type AccessTokenClaims, createTokenCache, issueAccessToken, verifyAccessToken } from "./index.ts";

const issuer = "https://as.example.com";
const audience = "https://api.example.com";
const now = 1_767_225_620_000;
const seconds = now / 1000;
const [one, other] = [0, 1].map(() => generateKeyPairSync("ec", { namedCurve: "P-256" }));
if (one === undefined || other === undefined) throw new Error("no keys");

const claims = (change: Partial<AccessTokenClaims> = {}): AccessTokenClaims => ({
  iss: issuer,
  sub: "person_alice",
  aud: audience,
  client_id: "spiffe://example.org/agent/writer/1",
  iat: seconds - 10,
  exp: seconds + 300,
  jti: "jti_1",
  cnf: { "x5t#S256": "A".repeat(43) },
  authorization_details: [
    { type: "agent_tool", locations: [audience], actions: ["tools/call"], identifier: "reports/publish" },
  ],
  rev: ["task:task_1", "jti:jti_1"],
  strength: "attested-svid",
  ...change,
});

const signer = { kid: "k", key: one.privateKey };
const token = issueAccessToken(claims(), signer);
const tokens = [
  token,
  issueAccessToken(claims({ jti: "jti_2", exp: seconds + 60, rev: ["jti:jti_2"] }), signer),
  issueAccessToken(claims({ aud: "https://other.example.com" }), signer),
  issueAccessToken(claims(), { kid: "k", key: other.privateKey }),
  `${token.slice(0, -4)}AAAA`,
];
const keySets: KeySet[] = [new Map([["k", one.publicKey]]), new Map([["k", other.publicKey]]), new Map()];

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("verify" as const), value: fc.nat(tokens.length - 1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("clock" as const), value: fc.integer({ min: -60, max: 320 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("keys" as const), value: fc.nat(keySets.length - 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revoke" as const), value: fc.nat(1) }) },
);

test("a cached token holds as long as an uncached one, and is refused for the same reason", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), fc.constantFrom(1, 10), (steps, limit) => {
      const cache = createTokenCache(limit);
      const dead = new Set<string>();
      let [at, keys] = [now, keySets[0] ?? new Map()];
      for (const { kind, value } of steps) {
        if (kind === "clock") at = now + value * 1000;
        else if (kind === "keys") keys = keySets[value] ?? keys;
        else if (kind === "revoke") dead.add(`jti:jti_${value + 1}`);
        else {
          const expected = {
            issuer,
            audience,
            keys,
            now: at,
            isDead: (rev: string[]) => rev.some((key) => dead.has(key)),
          };
          const verify = (known: object) =>
            outcome(() => verifyAccessToken(tokens[value] ?? "", { ...expected, ...known }));
          assert.deepEqual(verify({ cache }), verify({}));
          assert.ok(cache.size <= limit);
        }
      }
    }),
    { numRuns: 200 },
  );
});

function outcome(verify: () => unknown): unknown {
  try {
    return verify();
  } catch (error) {
    assert.ok(error instanceof VerificationError);
    return error.code;
  }
}

test("a cached token cannot be changed by who got it, and leaves when it is revoked", () => {
  const cache = createTokenCache(10);
  const expected = { issuer, audience, keys: keySets[0] ?? new Map(), now, cache };
  const verified = verifyAccessToken(token, expected);
  assert.equal(cache.size, 1);
  assert.throws(() => Object.assign(verified, { exp: 9_999_999_999 }), TypeError);
  assert.throws(() => verified.rev.pop(), TypeError);
  assert.throws(() => verified.authorization_details[0]?.actions.push("*"), TypeError);
  assert.throws(() => verifyAccessToken(token, { ...expected, isDead: () => true }), { code: "dead" });
  assert.equal(cache.size, 0);
});
