/**
 * How people prove themselves: one-time links, passkeys, sessions in a browser or a terminal, and what role
 * a person has in Countersign itself. Also the plain page, on which people enrol, sign in, consent and
 * approve; it computes what they sign from what it shows.
 */
export { type Assertion, verifyAssertion } from "./assertion.ts";
export { type OfferedSession, offeredSession, sameOrigin } from "./cookie.ts";
export {
  declarableProvider,
  declareProviderWithin,
  defineIdentityProvider,
  endIdentityProvider,
  providerBehind,
} from "./define-identity-provider.ts";
export { endSession } from "./end-session.ts";
export { beginEnrolment, finishEnrolment } from "./enrol-passkey.ts";
export { issueEnrolmentLink } from "./enrolment-link.ts";
export { loginEvents } from "./events.ts";
export {
  beginFirstAdministrator,
  type FirstAdministrator,
  finishFirstAdministrator,
  issueFirstAdministratorLink,
} from "./first-administrator.ts";
export {
  definitionOf,
  type IdentityProvider,
  type IdentityProviderDefinition,
  identityProviderDefinition,
  providerKey,
} from "./identity-provider.ts";
export { type ForeignPerson, linkSubject, personBehind, unlinkSubject } from "./link-subject.ts";
export type { LoginDeps } from "./login-deps.ts";
export { loginAsset, loginPage, loginProofModule, loginProofRootModule } from "./page-route.ts";
export { type Passkey, type RelyingParty, relyingParty } from "./passkey.ts";
export { requirePresent } from "./presence.ts";
export { issuerNamedIn, verifyProviderAssertion } from "./provider-assertion.ts";
export { type KeySource, ProviderKeys } from "./provider-keys.ts";
export { recoverAdministrator } from "./recover-administrator.ts";
export { grantRole, rolesOf, withdrawRole } from "./roles.ts";
export {
  enrolmentBegin,
  enrolmentFinish,
  enrolmentLink,
  firstAdministratorBegin,
  firstAdministratorFinish,
  roleGrant,
  roleWithdraw,
  signInBegin,
  signInFinish,
  signOut,
  terminalCode,
  terminalExchange,
  whoAmI,
} from "./routes.ts";
export {
  identityProviderEnd,
  identityProviderList,
  identityProviderPut,
  identityProviderShow,
  subjectEnd,
  subjectPut,
} from "./routes-identity-providers.ts";
export type { Session } from "./session.ts";
export { sessionCaller } from "./session-caller.ts";
export { beginSignIn, finishSignIn } from "./sign-in.ts";
export type { Started } from "./start-session.ts";
export { requireProvider } from "./store-identity-providers.ts";
export { type LoginTables, loginMigrations } from "./tables.ts";
export { exchangeTerminalCode, issueTerminalCode } from "./terminal.ts";
export { type AssertionResponse, assertionResponse } from "./webauthn-schema.ts";
