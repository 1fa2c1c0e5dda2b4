import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byCodePoint } from "./text-order.ts";

test("texts are ordered as their UTF-8 bytes are", () => {
  const unit = fc.constantFrom(
    "",
    "a",
    "é",
    "\u{D7FF}",
    "\u{E000}",
    "\u{FFFD}",
    "\u{10000}",
    "\u{10FFFF}",
    "\0",
  );
  const text = fc.array(unit, { maxLength: 4 }).map((units) => units.join(""));
  fc.assert(
    fc.property(text, text, (one, other) => {
      assert.equal(Math.sign(byCodePoint(one, other)), Buffer.compare(Buffer.from(one), Buffer.from(other)));
    }),
    { numRuns: 1000 },
  );
});
