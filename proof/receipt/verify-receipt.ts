import type { PersonCredential } from "../consent/index.ts";
import type { Json } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Assertion, type VerifiedAssertion, verifyAssertion } from "../webauthn/index.ts";
import { parseReceipt, type Receipt } from "./receipt.ts";
import { receiptHash } from "./receipt-hash.ts";

/**
 * Verifies offline that a person signed this receipt with her passkey, and that it held at a moment. What
 * she decided stands in the receipt: a verified receipt may say no.
 *
 * @param attackerReceipt the receipt as it was kept or received
 * @param credential her registered passkey, from the registry or an export of it
 * @param at for which moment, milliseconds since 1970: now, or when the action in question took place
 * @throws VerificationError `wrong-typ`, `malformed`, `wrong-subject` for another person's receipt,
 *   `expired`, and whatever `verifyAssertion` refuses
 */
export function verifyReceipt(
  attackerReceipt: Json,
  assertion: Assertion,
  credential: PersonCredential,
  at: number,
): VerifiedAssertion & { receipt: Receipt } {
  const receipt = parseReceipt(attackerReceipt);
  if (receipt.person !== credential.person) {
    throw new VerificationError("wrong-subject", "the receipt is another person's");
  }
  // Written so that a time which is no number refuses.
  if (!(at < receipt.expires_at)) throw new VerificationError("expired", "the receipt had ended");
  const challenge = receiptHash(receipt);
  const { credentialPublicKey, origins, rpId } = credential;
  const expected = { credentialPublicKey, origins, rpId, challenge, requireUserVerification: true };
  return { ...verifyAssertion(assertion, expected), receipt };
}
