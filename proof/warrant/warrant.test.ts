import assert from "node:assert/strict";
import { test } from "node:test";
import { chainOf, expected, prove, resource, upTo } from "./fixture.ts";
import { grantsAt, verifyWarrant } from "./index.ts";

for (const length of [1, 2, 3, 4, 8]) {
  for (const kid of ["root-ed", "root-ec"] as const) {
    test(`a chain of ${length} under ${kid} holds in the hands of its last holder`, () => {
      const chain = chainOf(length, kid);
      const verified = verifyWarrant(chain, { proof: prove(chain) }, expected());
      assert.equal(verified.chain.length, length);
      assert.equal(verified.leaf.claims.jti, `w-${length - 1}`);
      assert.equal(verified.call?.grants.length, length);
      assert.deepEqual(verified.conditions, {});
      assert.equal(verified.consent, undefined);
    });
  }
}

test("what a chain gives at a resource is what its last link gives there, and nothing elsewhere", () => {
  const chain = chainOf(3);
  const verified = verifyWarrant(chain, { proof: prove(chain) }, expected());
  assert.deepEqual(grantsAt(verified.chain, resource), [upTo(480_000)]);
  assert.deepEqual(grantsAt(verified.chain, "https://other.example.com"), []);
});
