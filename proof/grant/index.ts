/**
 * Grants: the only language for authority. `permits` judges a call, `covers` a delegation, `meet` what two
 * sides have in common. These files import nothing but `jcs` and run unchanged in a browser, where a person
 * reads what she is about to sign.
 */
export {
  type Constraint,
  constraintCovers,
  constraintPermits,
  describeConstraint,
  meetConstraints,
  parseConstraint,
} from "./constraint.ts";
export { covers, coversAll, uncovered } from "./covers.ts";
export {
  describeGrant,
  describeGrant as describe,
  describeValue,
  describeWhat,
  describeWord,
} from "./describe.ts";
export { type Grant, type GrantType, parseGrant, parseGrants } from "./grant.ts";
export { meet, meetAll } from "./meet.ts";
export { type Call, permits } from "./permits.ts";
export { grantOf, parseShortForm, type ShortForm } from "./short-form.ts";
export { ShortFormError } from "./short-form-scanner.ts";
