import { verify } from "node:crypto";
import { sha256 } from "../digest/index.ts";
import { isJsonObject, type JsonObject, parseStrict } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { parseAuthenticatorData } from "./authenticator-data.ts";
import { type CredentialKey, importCoseKey } from "./cose-key.ts";

const largestClientData = 16_384;
const largestAuthenticatorData = 4096;

/** What an authenticator and a browser gave, as bytes. ES256 signatures are in DER. */
export type Assertion = {
  authenticatorData: Uint8Array;
  clientDataJSON: Uint8Array;
  signature: Uint8Array;
};

/** What an assertion must be about. */
export type AssertionExpectation = {
  /** The credential's public key, as COSE bytes from its registration. */
  credentialPublicKey: Uint8Array;
  /** The challenge in base64url: for a consent or a receipt, its hash. */
  challenge: string;
  /** The origins on which the person may have signed: `https://countersign.example.com`. */
  origins: readonly string[];
  /** The relying party's id: `countersign.example.com`. */
  rpId: string;
  /** Whether the authenticator must have verified the person, not only seen her. */
  requireUserVerification: boolean;
};

/** An assertion that verified. Keep `signCount`: one that does not rise tells of a copied authenticator. */
export type VerifiedAssertion = { signCount: number; userVerified: boolean };

/**
 * Verifies a WebAuthn assertion offline. The counter is returned and not judged, because a stranger has no
 * earlier one to compare.
 *
 * @throws VerificationError `malformed`, `too-large`, `wrong-typ`, `wrong-challenge`, `wrong-origin`,
 *   `not-present`, `not-verified`, `wrong-alg`, `bad-signature`
 * @see WebAuthn Level 3 §7.2
 */
export function verifyAssertion(attacker: Assertion, expected: AssertionExpectation): VerifiedAssertion {
  const { authenticatorData, clientDataJSON, signature } = attacker;
  requireBounded(attacker);
  requireClientData(clientDataJSON, expected);
  const { rpIdHash, userPresent, userVerified, signCount } = parseAuthenticatorData(authenticatorData);
  if (!Buffer.from(rpIdHash).equals(sha256(expected.rpId))) {
    throw new VerificationError("wrong-origin", "the assertion was made for another relying party");
  }
  if (!userPresent) throw new VerificationError("not-present", "nobody was present at the authenticator");
  if (expected.requireUserVerification && !userVerified) {
    throw new VerificationError("not-verified", "the authenticator did not verify the person");
  }
  const signed = Buffer.concat([authenticatorData, sha256(clientDataJSON)]);
  if (!hasSigned(importCoseKey(expected.credentialPublicKey), signed, signature)) {
    throw new VerificationError("bad-signature", "the assertion's signature is broken");
  }
  return { signCount, userVerified };
}

function requireBounded({ authenticatorData, clientDataJSON }: Assertion): void {
  if (clientDataJSON.length > largestClientData || authenticatorData.length > largestAuthenticatorData) {
    throw new VerificationError("too-large", "the assertion is too large");
  }
}

/** Browsers may add members; `crossOrigin` means that the page stood in a frame of another site. */
function requireClientData(attackerBytes: Uint8Array, expected: AssertionExpectation): void {
  const { type, challenge, origin, crossOrigin, topOrigin } = readClientData(attackerBytes);
  if (type !== "webauthn.get") throw new VerificationError("wrong-typ", "not an assertion");
  if (challenge !== expected.challenge) {
    throw new VerificationError("wrong-challenge", "the assertion is about something else");
  }
  const isExpected = typeof origin === "string" && expected.origins.includes(origin);
  if (!isExpected || (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined) {
    throw new VerificationError("wrong-origin", "the assertion was made on another site");
  }
}

function readClientData(attackerBytes: Uint8Array): JsonObject {
  const clientData = orRefuse("malformed", "the client data", () => parseStrict(attackerBytes));
  if (!isJsonObject(clientData)) throw new VerificationError("malformed", "the client data is no object");
  return clientData;
}

function hasSigned({ key, digest }: CredentialKey, signed: Uint8Array, signature: Uint8Array): boolean {
  return verify(digest, signed, key, signature);
}
