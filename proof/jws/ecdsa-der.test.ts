import assert from "node:assert/strict";
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { fromDer, toDer } from "./ecdsa-der.ts";
import { signBytes, verifyBytes } from "./signature.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const plain = "ieee-p1363";

const number = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.uint8Array({ minLength: 1, maxLength: 32 }).map((bytes) => {
    const padded = new Uint8Array(32);
    padded.set(bytes, 32 - bytes.length);
    return padded;
  }),
);

test("an ECDSA signature keeps its two numbers in DER and back, leading zeros and high bits included", () => {
  fc.assert(
    fc.property(number, number, (r, s) => {
      const signature = Uint8Array.from([...r, ...s]);
      const der = toDer(signature);
      assert.deepEqual(fromDer(der), signature);
      assert.deepEqual(der, byHand(r, s));
    }),
    { numRuns: 500 },
  );
});

/** X.690 §8.3 by BigInt. */
function byHand(r: Uint8Array, s: Uint8Array): Uint8Array {
  const integers = [r, s].flatMap((bytes) => {
    let hex = BigInt(`0x${Buffer.from(bytes).toString("hex")}`).toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`;
    return [2, hex.length / 2, ...Buffer.from(hex, "hex")];
  });
  return Uint8Array.from([0x30, integers.length, ...integers]);
}

test("what is signed here verifies where Node takes r and s, and the other way round", () => {
  for (let i = 0; i < 200; i++) {
    const data = Buffer.from(`message ${i}`);
    const ours = signBytes(data, privateKey);
    assert.equal(ours.length, 64);
    assert.ok(verify("sha256", data, { key: publicKey, dsaEncoding: plain }, ours));
    const theirs = sign("sha256", data, { key: privateKey, dsaEncoding: plain });
    assert.ok(verifyBytes(data, theirs, publicKey));
    assert.ok(!verifyBytes(Buffer.from(`message ${i}!`), theirs, publicKey));
  }
});

test("a signature in DER, of zeros, too short or too long does not verify", () => {
  const data = Buffer.from("message");
  const good = signBytes(data, privateKey);
  const bad = [
    toDer(good),
    new Uint8Array(64),
    good.subarray(1),
    Uint8Array.from([...good, 0]),
    new Uint8Array(0),
  ];
  const noR = Uint8Array.from(good).fill(0, 0, 32);
  const noS = Uint8Array.from(good).fill(0, 32);
  for (const signature of [...bad, noR, noS]) assert.equal(verifyBytes(data, signature, publicKey), false);
});
