import assert from "node:assert/strict";
import { test } from "node:test";
import { signCompact } from "../jws/index.ts";
import { expected, holder, mint, next, prove } from "./fixture.ts";
import { narrowWarrant, readLink, verifyWarrant, warrantTyp } from "./index.ts";

test("a root whose calls the issuer decides says so of every chain, and no other link can", () => {
  const root = mint({ per_call: true });
  const chain = [root, narrowWarrant(root, next(1), holder(0))];
  const { conditions } = verifyWarrant(chain, { proof: prove(chain) }, expected());
  assert.deepEqual(conditions, { per_call: true });
  assert.throws(() => mint({ per_call: false as never }), /per_call/);
  const claims = { ...readLink(chain[1] ?? "").claims, per_call: true as const };
  const forged = [root, signCompact({ header: { typ: warrantTyp }, payload: claims, key: holder(0) })];
  assert.throws(() => verifyWarrant(forged, { proof: prove(forged) }, expected()), /only a root/);
});
