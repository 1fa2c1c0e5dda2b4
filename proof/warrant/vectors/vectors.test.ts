import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeBase64url } from "../../digest/index.ts";
import type { Json } from "../../jcs/index.ts";
import { createKeySet } from "../../jwk/index.ts";
import { VerificationError } from "../../verification-error.ts";
import { createWarrantCache, type VerifiedWarrant, verifyWarrant } from "../index.ts";
import type { Case, ConsentVector } from "./case.ts";
import { file } from "./forge.ts";
import { vectors } from "./make.ts";

const committed = JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof vectors>;
const { usual, cases } = committed;
const keys = createKeySet({ keys: usual.keys as unknown as Json[] });
const cache = createWarrantCache(1_000);

test("the vectors are what their script makes, and no two of them have one name", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(vectors())), committed);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
  assert.ok(cases.length >= 63, `${cases.length} cases`);
});

for (const vector of cases) {
  test(`warrant vector, ${vector.expected === "allow" ? "holds" : "refused"}: ${vector.name}`, () => {
    // Without a cache, with one that is empty at first, and with one that knows the chain.
    for (const known of [undefined, cache, cache]) {
      if (vector.expected === "allow") requireAllowed(vector, judge(vector, known));
      else
        assert.throws(
          () => judge(vector, known),
          (error) => isRefusal(vector, error),
        );
    }
  });
}

function requireAllowed({ chain, conditions = {}, consented }: Case, verified: VerifiedWarrant): void {
  assert.equal(verified.chain.length, chain.length);
  assert.deepEqual(verified.conditions, conditions);
  assert.equal(verified.consent !== undefined, consented === true);
}

function isRefusal({ code, link }: Case, error: unknown): boolean {
  assert.ok(error instanceof VerificationError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(Reflect.get(error, "link"), link, error.message);
  return true;
}

function judge({ chain, proof, call, consent, options = {} }: Case, known: typeof cache | undefined) {
  const { dead, ...more } = { ...usual, ...options };
  return verifyWarrant(
    chain,
    { proof, consent: consent && presented(consent) },
    {
      ...more,
      keys,
      call: call ?? usual.call,
      isDead: dead === null ? undefined : (rev) => rev.some((key) => dead.includes(key as never)),
      passkeysOf: (person) =>
        usual.passkeys
          .filter((passkey) => passkey.person === person)
          .map((passkey) => ({
            ...passkey,
            credentialPublicKey: decodeBase64url(passkey.credentialPublicKey),
          })),
      cache: known,
    },
  );
}

const presented = ({ consent, assertion }: ConsentVector) => ({
  consent,
  assertion: {
    authenticatorData: decodeBase64url(assertion.authenticatorData),
    clientDataJSON: decodeBase64url(assertion.clientDataJSON),
    signature: decodeBase64url(assertion.signature),
  },
});
