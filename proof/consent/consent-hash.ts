import { sha256Base64url } from "../digest/index.ts";
import { type Consent, consentBytes } from "./consent.ts";

/**
 * The hash of a consent, base64url: the challenge that the person's passkey signs, and the `consent` claim
 * of the root warrant.
 */
export function consentHash(consent: Consent): string {
  return sha256Base64url(consentBytes(consent));
}
