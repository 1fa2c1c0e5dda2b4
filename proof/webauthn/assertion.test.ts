import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AssertionExpectation, verifyAssertion } from "./index.ts";
import { newPerson, origin, type Person, rpId } from "./person.ts";

const challenge = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const person = newPerson();

const expected = (one: Person, change: Partial<AssertionExpectation> = {}): AssertionExpectation => ({
  credentialPublicKey: one.credentialPublicKey,
  challenge,
  origins: [origin],
  rpId,
  requireUserVerification: true,
  ...change,
});

for (const alg of ["ES256", "EdDSA", "RS256"] as const) {
  const signer = newPerson(alg);

  test(`an assertion signed with ${alg} verifies`, () => {
    const verified = verifyAssertion(signer.sign(challenge), expected(signer));
    assert.deepEqual(verified, { signCount: 42, userVerified: true });
  });

  test(`an assertion signed with ${alg} is refused when a bit of it changed, or the key is another`, () => {
    const assertion = signer.sign(challenge);
    const parts = fc.constantFrom("authenticatorData", "clientDataJSON", "signature");
    const property = fc.property(parts, fc.nat(), fc.integer({ min: 0, max: 7 }), (part, at, bit) => {
      const bytes = Uint8Array.from(assertion[part as keyof typeof assertion]);
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
      assert.throws(() => verifyAssertion({ ...assertion, [part]: bytes }, expected(signer)), {
        name: "VerificationError",
      });
    });
    fc.assert(property, { numRuns: 150 });
    assert.throws(() => verifyAssertion(assertion, expected(newPerson(alg))), { code: "bad-signature" });
  });
}

test("an assertion about something else is refused", () => {
  const other = person.sign(challenge.replace("4", "5"));
  assert.throws(() => verifyAssertion(other, expected(person)), { code: "wrong-challenge" });
  const padded = person.sign(`${challenge}=`);
  assert.throws(() => verifyAssertion(padded, expected(person)), { code: "wrong-challenge" });
});

test("a registration cannot pass for an assertion", () => {
  const assertion = person.sign(challenge, { clientData: { type: "webauthn.create" } });
  assert.throws(() => verifyAssertion(assertion, expected(person)), { code: "wrong-typ" });
});

test("an assertion made on another site, in a frame or for another party is refused", () => {
  for (const clientData of [
    { origin: "https://evil.example" },
    { origin: `${origin}/` },
    { origin: `${origin}.evil.example` },
    { origin: undefined },
    { origin: [origin] },
    { crossOrigin: true },
    { crossOrigin: "false" },
    { topOrigin: "https://evil.example" },
  ]) {
    const assertion = person.sign(challenge, { clientData });
    assert.throws(() => verifyAssertion(assertion, expected(person)), { code: "wrong-origin" });
  }
  const assertion = person.sign(challenge, { rpId: "example.com" });
  assert.throws(() => verifyAssertion(assertion, expected(person)), { code: "wrong-origin" });
  assert.throws(() => verifyAssertion(person.sign(challenge), expected(person, { origins: [] })), {
    code: "wrong-origin",
  });
});

test("nobody present, or nobody verified, is refused", () => {
  const absent = person.sign(challenge, { flags: 0x04 });
  assert.throws(() => verifyAssertion(absent, expected(person)), { code: "not-present" });
  const unverified = person.sign(challenge, { flags: 0x01 });
  assert.throws(() => verifyAssertion(unverified, expected(person)), { code: "not-verified" });
  const accepted = verifyAssertion(unverified, expected(person, { requireUserVerification: false }));
  assert.equal(accepted.userVerified, false);
});

test("extensions are read when announced, and nothing stands there otherwise", () => {
  const map = Buffer.from("a16375766df5", "hex");
  verifyAssertion(person.sign(challenge, { flags: 0x85, more: map }), expected(person));
  for (const change of [
    { flags: 0x05, more: map },
    { flags: 0x85 },
    { flags: 0x85, more: Buffer.from("f5", "hex") },
    { flags: 0x85, more: Buffer.concat([map, map]) },
    { flags: 0x45 },
    { flags: 0x15 },
  ]) {
    assert.throws(() => verifyAssertion(person.sign(challenge, change), expected(person)), {
      code: "malformed",
    });
  }
  verifyAssertion(person.sign(challenge, { flags: 0x1d }), expected(person));
});

test("members that browsers add are no reason to refuse; client data that two parsers read differently is", () => {
  verifyAssertion(
    person.sign(challenge, { clientData: { other_keys_can_be_added_here: "x" } }),
    expected(person),
  );
  for (const text of ["", "[]", "null", "{", `{"type":"webauthn.get","type":"webauthn.get"}`]) {
    const assertion = { ...person.sign(challenge), clientDataJSON: Buffer.from(text) };
    assert.throws(() => verifyAssertion(assertion, expected(person)), { code: "malformed" }, text);
  }
});

test("an assertion that is cut short or endless is refused", () => {
  const assertion = person.sign(challenge);
  const short = { ...assertion, authenticatorData: assertion.authenticatorData.subarray(0, 36) };
  assert.throws(() => verifyAssertion(short, expected(person)), { code: "malformed" });
  const endless = person.sign(challenge, { clientData: { x: "y".repeat(20_000) } });
  assert.throws(() => verifyAssertion(endless, expected(person)), { code: "too-large" });
  const empty = { ...assertion, signature: Uint8Array.of() };
  assert.throws(() => verifyAssertion(empty, expected(person)), { code: "bad-signature" });
});
