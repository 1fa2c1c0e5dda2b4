import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeCbor, importCoseKey } from "./index.ts";
import { newPerson } from "./person.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (key: Uint8Array) => Buffer.from(key).toString("hex");
const ec = hexOf(newPerson("ES256").credentialPublicKey);
const okp = hexOf(newPerson("EdDSA").credentialPublicKey);
const rsa = hexOf(newPerson("RS256").credentialPublicKey);

test("CBOR items are those of RFC 8949's examples", () => {
  for (const [hex, value] of [
    ["00", 0],
    ["17", 23],
    ["1818", 24],
    ["190100", 256],
    ["1a00010000", 65536],
    ["20", -1],
    ["3903e7", -1000],
    ["f4", false],
    ["f5", true],
    ["43010203", bytes("010203")],
    ["62c3bc", "\u00fc"],
    ["80", []],
    ["83010203", [1, 2, 3]],
    [
      "a201020304",
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    ["a16161820203", new Map([["a", [2, 3]]])],
  ] as const) {
    assert.deepEqual(decodeCbor(bytes(hex)), value, hex);
  }
});

for (const [hex, why] of [
  ["", "nothing"],
  ["0000", "two items"],
  ["1800", "an integer longer than needed"],
  ["1817", "an integer longer than needed"],
  ["190018", "an integer longer than needed"],
  ["1900ff", "an integer longer than needed"],
  ["1a0000ffff", "an integer longer than needed"],
  ["1b0000000100000000", "an integer of 64 bits"],
  ["1c", "a reserved length"],
  ["5f4101ff", "an indefinite length"],
  ["9fff", "an indefinite length"],
  ["bfff", "an indefinite length"],
  ["58030102", "a string cut short"],
  ["5affffffff00", "a string that lies about its length"],
  ["9affffffff", "an array that lies about its length"],
  ["baffffffff", "a map that lies about its length"],
  ["a10102a1", "bytes behind the item"],
  ["a201020102", "a member twice"],
  ["a2010201020304", "a member twice"],
  ["a1a000", "a map for a name"],
  ["a14100f5", "bytes for a name"],
  ["62c328", "a text that is not UTF-8"],
  ["c001", "a tag"],
  ["f6", "null"],
  ["f7", "undefined"],
  ["f93c00", "a float"],
  ["818181818100", "too many levels"],
] as const) {
  test(`CBOR with ${why} (${hex}) is refused`, () => {
    assert.throws(() => decodeCbor(bytes(hex)), { code: "malformed" });
  });
}

test("no bytes make the CBOR reader fail in another way, or hang", () => {
  const property = fc.property(fc.uint8Array({ maxLength: 40 }), (attackerBytes) => {
    try {
      decodeCbor(attackerBytes);
    } catch (error) {
      assert.equal((error as { code?: string }).code, "malformed");
    }
  });
  fc.assert(property, { numRuns: 1000 });
});

test("keys of the three algorithms are read", () => {
  assert.equal(importCoseKey(bytes(ec)).key.asymmetricKeyType, "ec");
  assert.equal(importCoseKey(bytes(okp)).key.asymmetricKeyType, "ed25519");
  assert.equal(importCoseKey(bytes(rsa)).key.asymmetricKeyType, "rsa");
});

for (const [what, hex, code] of [
  ["of an EC key that claims EdDSA", ec.replace("0326", "0327"), "wrong-alg"],
  ["of an EC key that claims RS256", `a50102033901002001${ec.slice(14)}`, "wrong-alg"],
  ["of another algorithm", ec.replace("0326", "033822"), "wrong-alg"],
  ["without an algorithm", `a401022001${ec.slice(14)}`, "wrong-alg"],
  ["on another curve", ec.replace("2001", "2002"), "malformed"],
  ["with a point that is not on the curve", `${ec.slice(0, -64)}${"00".repeat(31)}05`, "malformed"],
  ["for key agreement", okp.replace("2006", "2004"), "malformed"],
  ["with a member more", `a6${ec.slice(2)}0400`, "malformed"],
  ["with a short coordinate", `a4010103272006${`21581f${"01".repeat(31)}`}`, "malformed"],
  ["with a compressed point", `a5010203262001215820${"01".repeat(32)}22f5`, "malformed"],
  ["with a modulus of 1024 bits", `a4010303390100205880${"ff".repeat(128)}2143010001`, "malformed"],
  [
    "with a modulus that begins with zero",
    `a401030339010020590100${"00".repeat(256)}2143010001`,
    "malformed",
  ],
  ["with the exponent 1", `${rsa.slice(0, -8)}4101`, "malformed"],
  ["that is no map", "80", "malformed"],
  ["that is empty", "a0", "wrong-alg"],
] as const) {
  test(`a credential key ${what} is refused`, () => {
    assert.throws(() => importCoseKey(bytes(hex)), { code });
  });
}
