/**
 * Consent: the person's signature on the first delegation of a task. `consent.ts` runs unchanged in a
 * browser; hashing and verifying here are for Node.
 */
export { type Consent, consentBytes, consentType, parseConsent } from "./consent.ts";
export { consentHash, planHash } from "./consent-hash.ts";
export { type Plan, type PlanStep, parsePlan, planBytes, stepFits } from "./plan.ts";
export { type PersonCredential, verifyConsent } from "./verify-consent.ts";
