import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as node from "./native-node.ts";
import * as web from "./native-web.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

for (const { sha256 } of [node, web]) {
  test("SHA-256 is that of the standard's own examples", () => {
    const examples = {
      "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq:
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      ["a".repeat(1_000_000)]: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    };
    for (const [text, digest] of Object.entries(examples)) assert.equal(hex(sha256(text)), digest);
  });
}

test("both halves hash alike: every length around a block, and any text, lone surrogates too", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length).map((_, i) => i * 7 + length);
    assert.equal(hex(web.sha256(bytes)), hex(node.sha256(bytes)));
  }
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 500 }), fc.string({ unit: "binary" })), (data) => {
      assert.equal(hex(web.sha256(data)), hex(node.sha256(data)));
    }),
    { numRuns: 300 },
  );
});

test("a part of a larger memory is hashed as that part", () => {
  const bytes = new Uint8Array(300).fill(9).subarray(100, 171);
  assert.equal(hex(web.sha256(bytes)), hex(node.sha256(Uint8Array.from(bytes))));
});

test("both halves call the same bytes UTF-8", () => {
  const examples = ["", "é", "\u{1f600}", "\ufeff"].map((text) => new TextEncoder().encode(text));
  const broken = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]];
  for (const bytes of [...examples, ...broken.map((each) => Uint8Array.from(each))]) {
    assert.equal(web.isUtf8(bytes), node.isUtf8(bytes), hex(bytes));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => web.isUtf8(bytes) === node.isUtf8(bytes)),
    { numRuns: 300 },
  );
});
