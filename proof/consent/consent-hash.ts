import { sha256Base64url } from "../digest/index.ts";
import { type Consent, consentBytes } from "./consent.ts";
import { type Plan, planBytes } from "./plan.ts";

/**
 * The hash of a consent, base64url: the challenge that the person's passkey signs, and the `consent` claim
 * of the root warrant.
 */
export function consentHash(consent: Consent): string {
  return sha256Base64url(consentBytes(consent));
}

/** The hash of a plan, base64url: the `plan_hash` of the consent to a task that has one. */
export const planHash = (plan: Plan): string => sha256Base64url(planBytes(plan));
