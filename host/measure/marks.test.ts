import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { markFinder } from "./marks.ts";

test("a text is found wherever the parts that are read break it", () => {
  const mark = "countersign mark 0123456789 0123456789 0123456789 0123456789 end";
  const law = fc.property(fc.nat(300), fc.array(fc.integer({ min: 64, max: 200 })), (before, sizes) => {
    const bytes = Buffer.from("x".repeat(before) + mark + "y".repeat(50));
    const finder = markFinder([mark, "absent"]);
    let at = 0;
    for (const size of [...sizes, bytes.length]) {
      if (at < bytes.length) finder.look(bytes.subarray(at, at + size));
      at += size;
    }
    assert.deepEqual([...finder.found], [mark]);
  });
  fc.assert(law, { numRuns: 300 });
});
