import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json, JsonObject } from "../jcs/index.ts";
import { newPerson, origin, rpId } from "../webauthn/person.ts";
import {
  parseReceipt,
  type Receipt,
  receiptBytes,
  receiptHash,
  receiptType,
  verifyReceipt,
} from "./index.ts";

const receipt: Receipt = {
  type: receiptType,
  request: "request_1",
  nonce: "bm9uY2U",
  requirement: "mfa",
  agent: "expense-agent",
  person: "person_1",
  task: "task_1",
  tool: "finance/approveExpense",
  args_commitment: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
  forbids: [{ id: "expense-second-factor", hash: "aGFzaA" }],
  permits: [],
  decision: "approve",
  expires_at: 2000,
};
const json = receipt as unknown as JsonObject;
const alice = newPerson();
const credential = {
  credentialPublicKey: alice.credentialPublicKey,
  origins: [origin],
  rpId,
  person: "person_1",
};

test("the hash of a receipt is pinned: a change of it would break every signature ever made", () => {
  assert.equal(
    new TextDecoder().decode(receiptBytes(receipt)),
    '{"agent":"expense-agent","args_commitment":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",' +
      '"decision":"approve","expires_at":2000,"forbids":[{"hash":"aGFzaA","id":"expense-second-factor"}],' +
      '"nonce":"bm9uY2U","permits":[],"person":"person_1","request":"request_1","requirement":"mfa",' +
      '"task":"task_1","tool":"finance/approveExpense","type":"countersign-receipt/v1"}',
  );
  assert.equal(receiptHash(receipt), "GA-0wMUJCTYZh7CCRgo58toH72eA-Pm1OzMh8h55zYA");
});

test("a receipt is read as it was written", () => {
  assert.deepEqual(parseReceipt(json), receipt);
});

test("a receipt that the person signed verifies until it ends", () => {
  const assertion = alice.sign(receiptHash(receipt));
  assert.deepEqual(verifyReceipt(json, assertion, credential, 1999).receipt, receipt);
  assert.throws(() => verifyReceipt(json, assertion, credential, 2000), { code: "expired" });
  assert.throws(() => verifyReceipt(json, assertion, credential, Number.NaN), { code: "expired" });
});

for (const [member, value] of Object.entries({
  request: "request_2",
  nonce: "b3RoZXI",
  requirement: "manager",
  agent: "other-agent",
  task: "task_2",
  tool: "finance/deleteAll",
  args_commitment: "other",
  forbids: [],
  permits: [{ id: "another", hash: "aGFzaA" }],
  decision: "deny",
  expires_at: 3000,
})) {
  test(`a signature does not stand for a receipt with another ${member}`, () => {
    const assertion = alice.sign(receiptHash(receipt));
    const changed = { ...json, [member]: value } as JsonObject;
    assert.throws(() => verifyReceipt(changed, assertion, credential, 1500), { code: "wrong-challenge" });
  });
}

test("one person's passkey does not sign another person's receipt", () => {
  const assertion = alice.sign(receiptHash(receipt));
  const bob = { ...credential, person: "person_2" };
  assert.throws(() => verifyReceipt(json, assertion, bob, 1500), { code: "wrong-subject" });
});

test("a receipt without user verification is none", () => {
  const assertion = alice.sign(receiptHash(receipt), { flags: 0x01 });
  assert.throws(() => verifyReceipt(json, assertion, credential, 1500), { code: "not-verified" });
});

test("a consent cannot pass for a receipt, whatever its other members", () => {
  const consent = { ...json, type: "countersign-consent/v1" };
  const assertion = alice.sign(receiptHash(consent as unknown as Receipt));
  assert.throws(() => verifyReceipt(consent, assertion, credential, 1500), { code: "wrong-typ" });
});

for (const [what, value] of Object.entries({
  "that is nothing": null,
  "with an unknown member": { ...json, extra: 1 },
  "with another decision": { ...json, decision: "maybe" },
  "with forbids that are no list": { ...json, forbids: {} },
  "with a forbid without a hash": { ...json, forbids: [{ id: "a" }] },
  "with a forbid that has a member more": { ...json, forbids: [{ id: "a", hash: "b", x: 1 }] },
  "with a forbid twice": {
    ...json,
    forbids: [
      { id: "a", hash: "b" },
      { id: "a", hash: "c" },
    ],
  },
  "with an empty tool": { ...json, tool: "" },
  "with a time that is text": { ...json, expires_at: "2000" },
  "with a lone surrogate": { ...json, tool: "\ud800" },
} as Record<string, Json>)) {
  test(`a receipt ${what} is refused`, () => {
    assert.throws(() => parseReceipt(value), { name: "VerificationError" });
  });
}

test("a receipt that lacks a member is refused", () => {
  for (const member of Object.keys(json)) {
    const { [member]: _, ...rest } = json;
    assert.throws(() => parseReceipt(rest), { name: "VerificationError" }, member);
  }
});
