import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { canonicalize, type Json, type JsonObject } from "../jcs/index.ts";
import { newPerson, origin, rpId } from "../webauthn/person.ts";
import {
  type Consent,
  consentBytes,
  consentHash,
  consentType,
  parseConsent,
  verifyConsent,
} from "./index.ts";

const consent: Consent = {
  type: consentType,
  trust_domain: "example.com",
  task: "task_1",
  instruction_hash: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
  agent: "expense-agent",
  grants: [
    { type: "scope", locations: ["https://api.example.com"], actions: ["write"], identifier: "reports" },
  ],
  expires_at: 2000,
  person: "person_1",
  issued_at: 1000,
  nonce: "bm9uY2U",
};
const json = consent as unknown as JsonObject;
const alice = newPerson();
const credential = {
  credentialPublicKey: alice.credentialPublicKey,
  origins: [origin],
  rpId,
  person: "person_1",
};

test("the hash of a consent is pinned: a change of it would break every signature ever made", () => {
  assert.equal(
    new TextDecoder().decode(consentBytes(consent)),
    '{"agent":"expense-agent","expires_at":2000,"grants":[{"actions":["write"],"identifier":"reports",' +
      '"locations":["https://api.example.com"],"type":"scope"}],' +
      '"instruction_hash":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU","issued_at":1000,"nonce":"bm9uY2U",' +
      '"person":"person_1","task":"task_1","trust_domain":"example.com","type":"countersign-consent/v1"}',
  );
  assert.equal(consentHash(consent), "YGJv6ImPiViD5aRAiYgbMIp5pABVluhCEppB9cbz_aY");
});

test("a consent is read as it was written", () => {
  assert.deepEqual(parseConsent(json), consent);
  assert.equal(canonicalize(parseConsent(json) as unknown as Json), canonicalize(json));
});

test("a consent that the person signed verifies while it holds", () => {
  const assertion = alice.sign(consentHash(consent));
  for (const at of [1000, 1999]) {
    const verified = verifyConsent(json, assertion, credential, at);
    assert.deepEqual(verified.consent, consent);
    assert.equal(verified.userVerified, true);
  }
  assert.throws(() => verifyConsent(json, assertion, credential, 999), { code: "not-yet-valid" });
  assert.throws(() => verifyConsent(json, assertion, credential, 2000), { code: "expired" });
  assert.throws(() => verifyConsent(json, assertion, credential, Number.NaN), { code: "not-yet-valid" });
});

for (const [member, value] of Object.entries({
  trust_domain: "evil.example",
  task: "task_2",
  instruction_hash: "other",
  agent: "other-agent",
  grants: [{ ...consent.grants[0], actions: ["write", "delete"] }],
  expires_at: 3000,
  issued_at: 1001,
  nonce: "b3RoZXI",
})) {
  test(`a signature does not stand for a consent with another ${member}`, () => {
    const assertion = alice.sign(consentHash(consent));
    const changed = { ...json, [member]: value } as JsonObject;
    assert.throws(() => verifyConsent(changed, assertion, credential, 1500), { code: "wrong-challenge" });
  });
}

test("one person's passkey does not sign another person's consent", () => {
  const assertion = alice.sign(consentHash(consent));
  const bob = { ...credential, person: "person_2" };
  assert.throws(() => verifyConsent(json, assertion, bob, 1500), { code: "wrong-subject" });
  const other = { ...credential, credentialPublicKey: newPerson().credentialPublicKey };
  assert.throws(() => verifyConsent(json, assertion, other, 1500), { code: "bad-signature" });
});

test("a consent without user verification is none", () => {
  const assertion = alice.sign(consentHash(consent), { flags: 0x01 });
  assert.throws(() => verifyConsent(json, assertion, credential, 1500), { code: "not-verified" });
});

test("a receipt cannot pass for a consent, whatever its other members", () => {
  const receipt = { ...json, type: "countersign-receipt/v1" };
  const assertion = alice.sign(consentHash(receipt as unknown as Consent));
  assert.throws(() => verifyConsent(receipt, assertion, credential, 1500), { code: "wrong-typ" });
});

for (const [what, value] of Object.entries({
  "that is nothing": null,
  "that is a list": [],
  "with an unknown member": { ...json, extra: 1 },
  "with an empty grant list": { ...json, grants: [] },
  "with a grant that has an unknown member": { ...json, grants: [{ ...consent.grants[0], extra: 1 }] },
  "with an empty task": { ...json, task: "" },
  "with a person that is a number": { ...json, person: 1 },
  "with a time that is text": { ...json, expires_at: "2000" },
  "with a fractional time": { ...json, expires_at: 2000.5 },
  "with a negative time": { ...json, issued_at: -1 },
  "that ends before it begins": { ...json, expires_at: 1000 },
  "with a very long nonce": { ...json, nonce: "x".repeat(1025) },
} as Record<string, Json>)) {
  test(`a consent ${what} is refused`, () => {
    assert.throws(() => parseConsent(value), { name: "VerificationError" });
  });
}

test("a consent that lacks a member is refused", () => {
  for (const member of Object.keys(json)) {
    const { [member]: _, ...rest } = json;
    assert.throws(() => parseConsent(rest), { name: "VerificationError" }, member);
  }
});

test("what a browser loads to build consents and receipts imports nothing of Node", () => {
  const seen = new Set<string>();
  const follow = (url: URL) => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, path = ""] of readFileSync(url, "utf8").matchAll(/from "([^"]+)"/g)) {
      assert.ok(path.startsWith("."), `${url.href} imports ${path}`);
      follow(new URL(path, url));
    }
  };
  follow(new URL("./consent.ts", import.meta.url));
  follow(new URL("../receipt/receipt.ts", import.meta.url));
  assert.ok(seen.size > 5);
});
