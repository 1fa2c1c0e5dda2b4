import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { envelopeJson, openEnvelope, preAuthEncoding, readEnvelope, sealEnvelope, signs } from "./index.ts";

const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });
const p256 = ec("P-256");
const pairs = { p256, p384: ec("P-384"), p521: ec("P-521"), ed25519: generateKeyPairSync("ed25519") };
const TYPE = "application/vnd.in-toto+json";
const payload = Buffer.from('{"hello":"wörld"}');

const refused = (code: string) => (error: unknown) =>
  error instanceof VerificationError && error.code === code;
const open = (json: Json, keys: KeyObject[], payloadType = TYPE) =>
  openEnvelope(readEnvelope(json), { payloadType, keys });

test("what is signed is DSSE's own encoding, with lengths in bytes", () => {
  const encoded = preAuthEncoding({
    payloadType: "http://example.com/HelloWorld",
    payload: Buffer.from("hello world"),
  });
  // The example of the specification.
  assert.equal(Buffer.from(encoded).toString(), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  const umlaut = preAuthEncoding({ payloadType: "ü", payload: Buffer.from("ö") });
  assert.equal(Buffer.from(umlaut).toString(), "DSSEv1 2 ü 2 ö");
});

test("no two envelopes have the same signed bytes", () => {
  const parts = fc.record({
    payloadType: fc.string({ maxLength: 8 }),
    payload: fc.uint8Array({ maxLength: 8 }),
  });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const same = one.payloadType === other.payloadType && Buffer.compare(one.payload, other.payload) === 0;
      assert.equal(Buffer.compare(preAuthEncoding(one), preAuthEncoding(other)) === 0, same);
    }),
  );
});

for (const [name, { privateKey, publicKey }] of Object.entries(pairs)) {
  test(`what ${name} has signed is opened by its key alone, and by no bit less`, () => {
    const json = envelopeJson(sealEnvelope(TYPE, payload, privateKey));
    const { key, payload: opened } = open(json, [pairs.p256.publicKey, publicKey]);
    assert.ok(key.equals(publicKey));
    assert.deepEqual(Buffer.from(opened), payload);
    const others = Object.values(pairs).flatMap((pair) =>
      pair.publicKey === publicKey ? [] : [pair.publicKey],
    );
    assert.throws(() => open(json, others), refused("bad-signature"));
    assert.throws(
      () => open({ ...json, payload: "eyJoZWxsbyI6Im1hcnMifQ==" }, [publicKey]),
      refused("bad-signature"),
    );
    assert.throws(
      () => open({ ...json, payloadType: "text/plain" }, [publicKey], "text/plain"),
      refused("bad-signature"),
    );
    assert.throws(() => open(json, [publicKey], "text/plain"), refused("wrong-typ"));
  });
}

test("every flipped bit of a signature, and every piece of one, is no signature", () => {
  const envelope = sealEnvelope(TYPE, payload, p256.privateKey);
  const [{ signature } = { signature: new Uint8Array() }] = envelope.signatures;
  const signed = preAuthEncoding(envelope);
  assert.ok(signs(p256.publicKey, signed, signature));
  for (let bit = 0; bit < signature.length * 8; bit++) {
    const flipped = Uint8Array.from(signature);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.ok(!signs(p256.publicKey, signed, flipped), `bit ${bit}`);
  }
  for (let length = 0; length < signature.length; length++)
    assert.ok(!signs(p256.publicKey, signed, signature.subarray(0, length)));
});

test("a key of a kind that signs nothing here is refused, not tried", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const secp256k1 = ec("secp256k1");
  const json = envelopeJson(sealEnvelope(TYPE, payload, p256.privateKey));
  for (const { privateKey, publicKey } of [rsa, secp256k1]) {
    assert.throws(() => open(json, [publicKey]), refused("wrong-alg"));
    assert.throws(() => sealEnvelope(TYPE, payload, privateKey), refused("wrong-alg"));
  }
});

test("an envelope has its members, all of them, in the one way in which they are written", () => {
  const good = envelopeJson(sealEnvelope(TYPE, payload, p256.privateKey)) as JsonObject & {
    signatures: JsonObject[];
  };
  const [{ sig = "" } = {}] = good.signatures;
  const wrong: Json[] = [
    null,
    [],
    {},
    { ...good, more: 1 },
    { ...good, payload: 1 },
    { ...good, payload: "" },
    { ...good, payload: `${String(good.payload)}=` },
    { ...good, payload: `${String(good.payload)}\n` },
    { ...good, payload: "-+==" },
    { ...good, payload: "QR==" },
    { ...good, payloadType: "" },
    { ...good, payloadType: null },
    { ...good, signatures: [] },
    { ...good, signatures: {} },
    { ...good, signatures: Array(11).fill({ sig }) },
    { ...good, signatures: [{ sig, keyid: 1 }] },
    { ...good, signatures: [{ keyid: "" }] },
    { ...good, signatures: [{ sig, more: 1 }] },
    { ...good, signatures: [null] },
  ];
  for (const json of wrong)
    assert.throws(() => readEnvelope(json), refused("malformed"), JSON.stringify(json));
  for (const keyid of [undefined, null, "", "hint"])
    assert.ok(readEnvelope({ ...good, signatures: [{ sig, ...(keyid === undefined ? {} : { keyid }) }] }));
});

test("base64 of either alphabet is read, and never of both", () => {
  const bytes = Buffer.from([0xfb, 0xff, 0xfe]);
  const sig = "AA==";
  for (const text of ["+//+", "-__-"])
    assert.deepEqual(
      Buffer.from(readEnvelope({ payload: text, payloadType: "t", signatures: [{ sig }] }).payload),
      bytes,
    );
  assert.throws(
    () => readEnvelope({ payload: "+__+", payloadType: "t", signatures: [{ sig }] }),
    refused("malformed"),
  );
});
