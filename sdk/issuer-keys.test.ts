import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeySet } from "@countersign/proof/jwk";
import { VerificationError } from "@countersign/proof/verification-error";
import { followIssuerKeys } from "./issuer-keys.ts";
import { handClock, issuer } from "./issuer-of-tests.ts";
import { makeKey } from "./key.ts";

function followed(...kids: string[]) {
  const clock = handClock();
  const published = kids.map((kid) => ({ ...makeKey().jwk, kid }));
  let fetched = 0;
  const fetch = async (): Promise<Response> => {
    fetched++;
    return new Response(JSON.stringify({ keys: published }));
  };
  const runtime = { ...clock, fetch };
  const description = { id: issuer, tokenEndpoint: "", jwksUri: `${issuer}/jwks`, at: () => "" };
  const keys = followIssuerKeys(runtime, description);
  const need = (kid: string) => (known: KeySet) => {
    if (!known.has(kid)) throw new VerificationError("unknown-key", "unknown");
    return kid;
  };
  return { clock, keys, need, published, fetched: () => fetched };
}

test("the keys are fetched once, however many ask", async () => {
  const { keys, need, fetched } = followed("a");
  await Promise.all([keys.verifyWith(need("a")), keys.verifyWith(need("a"))]);
  await keys.verifyWith(need("a"));
  assert.equal(fetched(), 1);
});

test("a key that is not known is asked for, but not as often as strangers invent one", async () => {
  const { keys, need, fetched, clock, published } = followed("a");
  await keys.verifyWith(need("a"));
  await assert.rejects(keys.verifyWith(need("b")), { code: "unknown-key" });
  assert.equal(fetched(), 1);
  published.push({ ...makeKey().jwk, kid: "b" });
  clock.move(10_000);
  assert.equal(await keys.verifyWith(need("b")), "b");
  await assert.rejects(keys.verifyWith(need("c")), { code: "unknown-key" });
  assert.equal(fetched(), 2);
});

test("a key that was withdrawn is forgotten after five minutes", async () => {
  const { keys, need, clock, published } = followed("a");
  await keys.verifyWith(need("a"));
  published.pop();
  published.push({ ...makeKey().jwk, kid: "b" });
  clock.move(300_001);
  await assert.rejects(keys.verifyWith(need("a")), { code: "unknown-key" });
});

test("what is wrong with a token besides its key fetches nothing", async () => {
  const { keys, fetched } = followed("a");
  const expired = (): never => {
    throw new VerificationError("expired", "expired");
  };
  await assert.rejects(keys.verifyWith(expired), { code: "expired" });
  assert.equal(fetched(), 1);
});

test("a withdrawn key verifies nothing from the moment that is heard, whoever still publishes it", async () => {
  const { keys, need, published, fetched } = followed("a");
  await keys.verifyWith(need("a"));
  keys.hear("task:a");
  await keys.verifyWith(need("a"));
  assert.equal(fetched(), 1, "other deaths are none of its business");
  published.push({ ...makeKey().jwk, kid: "b" });
  keys.hear("kid:a");
  assert.equal(await keys.verifyWith(need("b")), "b", "the next one is fetched at once, not after the pause");
  await assert.rejects(keys.verifyWith(need("a")), { code: "unknown-key" });
  assert.equal(fetched(), 2);
});

test("a key that is withdrawn while the set is on its way is not taken from the answer", async () => {
  const { keys, need } = followed("a");
  const verified = keys.verifyWith(need("a"));
  keys.hear("kid:a");
  await assert.rejects(verified, { code: "unknown-key" });
});
