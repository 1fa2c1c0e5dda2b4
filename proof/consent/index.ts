/**
 * Consent: the person's signature on the first delegation of a task. `consent.ts` runs unchanged in a
 * browser; hashing and verifying here are for Node.
 */
export {
  type Consent,
  consentBytes,
  consentType,
  describeStep,
  type Plan,
  type PlanStep,
  parseConsent,
  parsePlan,
  planBytes,
  stepFits,
} from "./consent.ts";
export { consentHash, planHash } from "./consent-hash.ts";
export { type PersonCredential, verifyConsent } from "./verify-consent.ts";
