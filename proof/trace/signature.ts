import { type PersonCredential, verifyConsent } from "../consent/index.ts";
import { decodeBase64url } from "../digest/index.ts";
import type { Json } from "../jcs/index.ts";
import { verifyReceipt } from "../receipt/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import type { Assertion } from "../webauthn/index.ts";
import type { Signature } from "./trace.ts";
import { memberOf, type TraceEvent, textIn } from "./trace-event.ts";
import type { Trail } from "./trail.ts";

/** Checks what a person signed with the passkey that she had enrolled before, if the events hold both. */
export function checkSignature(
  trail: Trail,
  attackerEvent: TraceEvent,
  what: "consent" | "receipt",
): Signature {
  const signed = memberOf(attackerEvent.body, what);
  const evidence = memberOf(attackerEvent.body, "assertion");
  if (what === "consent" && textIn(attackerEvent.body, "kind") === "company-sign-in")
    return unchecked("the company's sign-in vouched for her, no passkey signed");
  if (signed === undefined || evidence === undefined)
    return unchecked("the signature is not in these events");
  try {
    const credential = credentialOf(trail, attackerEvent);
    if (credential === undefined) return unchecked("the passkey is not in these events");
    verify(what, signed, assertionOf(evidence), credential, attackerEvent.at);
    return { state: "holds" };
  } catch (error) {
    if (error instanceof VerificationError) return { state: "broken", why: error.message };
    throw error;
  }
}

function verify(
  what: "consent" | "receipt",
  attackerSigned: Json,
  assertion: Assertion,
  credential: PersonCredential,
  at: number,
): void {
  if (what === "consent") verifyConsent(attackerSigned, assertion, credential, at);
  else verifyReceipt(attackerSigned, assertion, credential, at);
}

/**
 * The passkey that an event names, as it was enrolled for the one who acted, no later than she signed.
 *
 * @throws VerificationError `malformed`; `unknown-key` when it was enrolled twice, so that none can be told
 *   from a forged one
 */
function credentialOf(trail: Trail, { actor, at, body }: TraceEvent): PersonCredential | undefined {
  const credential = textIn(body, "credential");
  const enrolled = trail.passkeys.filter((event) => textIn(event.body, "credential") === credential);
  const [passkey, ...others] = enrolled;
  if (credential === undefined || passkey === undefined) return undefined;
  if (others.length > 0) throw new VerificationError("unknown-key", "the passkey was enrolled twice");
  const person = textIn(passkey.body, "person");
  if (person !== actor.principal || passkey.at > at) {
    throw new VerificationError("wrong-subject", "the passkey was not the signer's then");
  }
  return { person, ...relyingPartyOf(passkey.body) };
}

function relyingPartyOf(attackerBody: Json): Omit<PersonCredential, "person"> {
  const [key, origin, rpId] = ["public_key", "origin", "rp_id"].map((member) => textIn(attackerBody, member));
  if (key === undefined || origin === undefined || rpId === undefined) {
    throw new VerificationError("malformed", "the passkey is not complete");
  }
  return { credentialPublicKey: bytesOf(key), origins: [origin], rpId };
}

function assertionOf(attackerEvidence: Json): Assertion {
  return {
    authenticatorData: bytesOf(textIn(attackerEvidence, "authenticatorData")),
    clientDataJSON: bytesOf(textIn(attackerEvidence, "clientDataJSON")),
    signature: bytesOf(textIn(attackerEvidence, "signature")),
  };
}

function bytesOf(attackerText: string | undefined): Uint8Array {
  return orRefuse("malformed", "the signature", () => decodeBase64url(attackerText ?? "="));
}

const unchecked = (why: string): Signature => ({ state: "unchecked", why });
