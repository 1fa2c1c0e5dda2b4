import type { Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import {
  type Assertion,
  type AssertionExpectation,
  type VerifiedAssertion,
  verifyAssertion,
} from "../webauthn/index.ts";
import { type Consent, parseConsent } from "./consent.ts";
import { consentHash } from "./consent-hash.ts";

/** The passkey of a person, and where she may have used it. */
export type PersonCredential = Pick<AssertionExpectation, "credentialPublicKey" | "origins" | "rpId"> & {
  /** Whose passkey it is, in the words of the consent's `person`. */
  person: string;
};

/**
 * Verifies offline that a person signed this consent with her passkey, and that it held at a moment.
 *
 * @param attackerConsent the consent as it was kept or received
 * @param credential her registered passkey, from the registry or an export of it
 * @param at for which moment, milliseconds since 1970: now, or when the action in question took place
 * @throws VerificationError `wrong-typ`, `malformed`, `wrong-subject` for another person's consent,
 *   `not-yet-valid`, `expired`, and whatever `verifyAssertion` refuses
 */
export function verifyConsent(
  attackerConsent: Json,
  assertion: Assertion,
  credential: PersonCredential,
  at: number,
): VerifiedAssertion & { consent: Consent } {
  const consent = parseConsent(attackerConsent);
  if (consent.person !== credential.person) {
    throw new VerificationError("wrong-subject", "the consent is another person's");
  }
  // Written so that a time which is no number refuses.
  if (!(at >= consent.issued_at)) throw new VerificationError("not-yet-valid", "the consent came later");
  if (!(at < consent.expires_at)) throw new VerificationError("expired", "the consent had ended");
  const challenge = consentHash(consent);
  const { credentialPublicKey, origins, rpId } = credential;
  const expected = { credentialPublicKey, origins, rpId, challenge, requireUserVerification: true };
  return { ...verifyAssertion(assertion, expected), consent };
}
