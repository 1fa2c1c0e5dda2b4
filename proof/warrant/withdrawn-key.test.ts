import assert from "node:assert/strict";
import { test } from "node:test";
import { chainOf, expected, prove } from "./fixture.ts";
import { verifyWarrant } from "./index.ts";

test("a chain dies with the key that signed its root, whatever its root says of itself", () => {
  const chain = chainOf(3, "root-ed");
  const judge = (dead: string) =>
    verifyWarrant(
      chain,
      { proof: prove(chain) },
      expected({ isDead: (rev: string[]) => rev.includes(dead) }),
    );
  assert.throws(() => judge("kid:root-ed"), { code: "dead" });
  judge("kid:root-ec");
});
