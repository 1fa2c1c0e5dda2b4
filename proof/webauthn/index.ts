/** A person's signature: WebAuthn assertions, verified offline from the bytes that were kept. */
export {
  type Assertion,
  type AssertionExpectation,
  type VerifiedAssertion,
  verifyAssertion,
} from "./assertion.ts";
export { type AuthenticatorData, parseAuthenticatorData } from "./authenticator-data.ts";
export { type Cbor, type CborMap, decodeCbor } from "./cbor.ts";
export { type CredentialKey, importCoseKey } from "./cose-key.ts";
