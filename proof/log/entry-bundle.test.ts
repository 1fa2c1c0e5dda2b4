import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeEntryBundle, encodeEntryBundle, maximumEntrySize } from "./index.ts";

test("a bundle is read back as the entries it was made of", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (entries) => {
      assert.deepEqual(decodeEntryBundle(encodeEntryBundle(entries)), entries);
    }),
  );
});

test("lengths are written in two bytes, big end first", () => {
  const entry = new Uint8Array(258);
  assert.deepEqual(encodeEntryBundle([entry]).subarray(0, 2), Uint8Array.of(1, 2));
});

test("a bundle cut anywhere but between entries is refused", () => {
  const bundle = encodeEntryBundle([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
  for (let end = 0; end <= bundle.length; end++) {
    const cut = bundle.subarray(0, end);
    if (end === 0 || end === 5 || end === 8) assert.doesNotThrow(() => decodeEntryBundle(cut));
    else assert.throws(() => decodeEntryBundle(cut), { code: "malformed" }, `${end} bytes`);
  }
});

test("the longest entry fits, one byte more does not", () => {
  const longest = new Uint8Array(maximumEntrySize);
  assert.equal(decodeEntryBundle(encodeEntryBundle([longest]))[0]?.length, maximumEntrySize);
  assert.throws(() => encodeEntryBundle([new Uint8Array(maximumEntrySize + 1)]), RangeError);
});
