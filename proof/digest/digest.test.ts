import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodePortably, encodePortably } from "./base64url.ts";
import { decodeBase64url, encodeBase64url, sha256, sha256Base64url } from "./index.ts";

test("base64url says what Node says, and reads it back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = encodeBase64url(bytes);
      assert.equal(text, Buffer.from(bytes).toString("base64url"));
      assert.deepEqual(decodeBase64url(text), bytes);
    }),
  );
});

test("base64url by the engine and by hand say the same, of good texts and of bad ones", () => {
  const outcome = (decode: (text: string) => Uint8Array, text: string) => {
    try {
      return decode(text);
    } catch (error) {
      assert.ok(error instanceof SyntaxError);
      return undefined;
    }
  };
  const characters = fc.constantFrom(
    ..."ABab01-_",
    ..."ABab01-_",
    "=",
    "+",
    " ",
    "\n",
    "\u0000",
    "\u0080",
    "é",
    "\ud83d",
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 70, maxLength: 300 }),
      fc.nat(),
      fc.option(characters, { nil: undefined }),
      (bytes, at, change) => {
        const text = encodePortably(bytes);
        assert.equal(encodeBase64url(bytes), text);
        const place = at % text.length;
        const changed =
          change === undefined ? text : text.slice(0, place) + change + text.slice(place + (at % 2));
        assert.deepEqual(outcome(decodeBase64url, changed), outcome(decodePortably, changed));
      },
    ),
    { numRuns: 500 },
  );
});

test("every base64url text that is read is the only text for its bytes", () => {
  const texts = fc.string({ unit: fc.constantFrom(..."ABab01-_=+/ \n\u0080é"), maxLength: 12 });
  fc.assert(
    fc.property(texts, (text) => {
      let bytes: Uint8Array;
      try {
        bytes = decodeBase64url(text);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
        return;
      }
      assert.equal(encodeBase64url(bytes), text);
    }),
    { numRuns: 1000 },
  );
});

for (const text of [
  "A",
  "AAAAA",
  "AB",
  "AAB",
  "AA==",
  "AA=",
  " AA",
  "AA\n",
  "A+",
  "A/",
  "AÁ",
  "A\u{1f600}",
]) {
  test(`base64url refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => decodeBase64url(text), SyntaxError);
  });
}

test("every single character outside the alphabet is refused", () => {
  for (let code = 0; code < 0x200; code++) {
    const character = String.fromCharCode(code);
    if (/[A-Za-z0-9_-]/.test(character)) continue;
    assert.throws(() => decodeBase64url(`AAA${character}`), SyntaxError, `code ${code}`);
  }
});

test("SHA-256 is SHA-256, and a string is hashed as UTF-8", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(Buffer.from(sha256("abc")).toString("hex"), abc);
  assert.deepEqual(sha256("é"), sha256(new Uint8Array([0xc3, 0xa9])));
  assert.equal(sha256Base64url("abc"), Buffer.from(abc, "hex").toString("base64url"));
});
