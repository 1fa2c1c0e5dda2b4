import { createPublicKey } from "node:crypto";
import { type Consent, consentHash, consentType, type PersonCredential } from "../../consent/index.ts";
import { encodeBase64url } from "../../digest/index.ts";
import type { Json } from "../../jcs/index.ts";
import { newPerson, origin, rpId } from "../../webauthn/person.ts";
import { agent, edKey, now, payment, upTo } from "../fixture.ts";
import type { ConsentVector } from "./case.ts";

/** What Alice agreed to, and what others say she did. Her passkey is Ed25519: it signs the same each time. */

const key = edKey(42);
const alice = newPerson("EdDSA", { privateKey: key, publicKey: createPublicKey(key) });

export const passkey: PersonCredential = {
  person: "person_alice",
  credentialPublicKey: alice.credentialPublicKey,
  origins: [origin],
  rpId,
};

export const people = {
  nested: { ...agent("payer"), act: agent("planner") },
  byName: { iss: "https://as.example.com", sub: "planner" },
};

const usual: Consent = {
  type: consentType,
  trust_domain: "example.org",
  task: "task_1",
  instruction_hash: "e7tZMsCgX4_buCzujz6MSywlish2OmtorNi3cS0MO50",
  agent: "planner",
  grants: [payment],
  issued_at: now - 60_000,
  expires_at: now + 900_000,
  person: "person_alice",
  nonce: "n-1",
};

const variants = {
  usual,
  "less money": { ...usual, grants: [upTo(100_000)] },
  "another task": { ...usual, task: "task_2" },
  "another agent": { ...usual, agent: "other" },
  "another domain": { ...usual, trust_domain: "example.net" },
  "another person": { ...usual, person: "person_bob" },
  "an earlier end": { ...usual, expires_at: now + 60_000 },
  "an end that has come": { ...usual, expires_at: now - 1 },
} satisfies Record<string, Consent>;

export type ConsentName = keyof typeof variants;

const entries = Object.entries(variants) as [ConsentName, Consent][];

/** By name: the hash that a root carries. */
export const consentTo = Object.fromEntries(
  entries.map(([name, consent]) => [name, { hash: consentHash(consent) }]),
) as Record<ConsentName, { hash: string }>;

/** The consent with Alice's signature, or with one that she made for another. */
export function consentVector(name: ConsentName, signedAs: ConsentName = name): ConsentVector {
  const { authenticatorData, clientDataJSON, signature } = alice.sign(consentTo[signedAs].hash);
  return {
    consent: variants[name] as unknown as Json,
    assertion: {
      authenticatorData: encodeBase64url(authenticatorData),
      clientDataJSON: encodeBase64url(clientDataJSON),
      signature: encodeBase64url(signature),
    },
  };
}
