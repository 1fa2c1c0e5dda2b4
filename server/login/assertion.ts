import { generateKeyPairSync } from "node:crypto";
import { decodeBase64url } from "@countersign/proof/digest";
import { verifyAssertion as verifyOffline } from "@countersign/proof/webauthn";
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import type { Change } from "../database/index.ts";
import type { PersonId } from "../lib/index.ts";
import type { LoginDeps } from "./login-deps.ts";
import { type Passkey, relyingParty, userHandle } from "./passkey.ts";
import { notProven } from "./refusal.ts";
import { passkeyByCredential, updateCounter } from "./store-passkeys.ts";
import { webauthn } from "./webauthn-library.ts";
import type { AssertionResponse } from "./webauthn-schema.ts";

/** A verified assertion, as it is kept: evidence that anyone can check against the passkey's public key. */
export interface Assertion {
  /** The credential id, base64url. */
  readonly credential: string;
  /** base64url, as signed. */
  readonly authenticatorData: string;
  readonly clientDataJSON: string;
  readonly signature: string;
}

/**
 * Verifies that a person signed exactly this challenge with a passkey of hers, now: user verified, our
 * origin and relying party, and a counter that moved on if the authenticator keeps one. The counter moves
 * with the caller's change.
 * @param challenge base64url; for consents and receipts the SHA-256 of the canonical object
 * @throws Fault `unauthenticated`, always in the same words
 * @see WebAuthn Level 3 §7.2
 */
export async function verifyAssertion(
  deps: LoginDeps,
  change: Change,
  input: { person: PersonId; challenge: string; response: AssertionResponse },
): Promise<Assertion> {
  const passkey = await verifiedPasskey(deps, change, input.challenge, input.response);
  if (passkey.person !== input.person) throw notProven();
  const { authenticatorData, clientDataJSON, signature } = input.response.response;
  return { credential: passkey.credential, authenticatorData, clientDataJSON, signature };
}

/**
 * Finds out whose passkey signed this challenge. The same work is done for a passkey that nobody has.
 * @throws Fault `unauthenticated`
 */
export async function verifiedPasskey(
  deps: LoginDeps,
  change: Change,
  challenge: string,
  attackerResponse: AssertionResponse,
): Promise<Passkey> {
  const passkey = await passkeyByCredential(deps.database, attackerResponse.id);
  const counter = await verify(deps.issuer, challenge, attackerResponse, passkey ?? decoy);
  if (passkey === undefined) throw notProven();
  refuseOtherHandle(attackerResponse.response.userHandle, passkey.person);
  updateCounter(change, passkey, counter, deps.clock.now());
  return passkey;
}

/**
 * Verified twice: by the library, and as a stranger will one day verify what was kept. They must agree: the
 * library reads a signature's DER leniently, so that one with a bit changed passes there, and only there.
 */
async function verify(
  issuer: string,
  challenge: string,
  response: AssertionResponse,
  passkey: Pick<Passkey, "publicKey" | "counter">,
): Promise<number> {
  try {
    const { id, origin } = relyingParty(issuer);
    const { verifyAuthenticationResponse } = await webauthn();
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      credential: { id: response.id, publicKey: passkey.publicKey, counter: passkey.counter },
      requireUserVerification: true,
    });
    const expected = { credentialPublicKey: passkey.publicKey, challenge, origins: [origin], rpId: id };
    verifyOffline(bytesOf(response), { ...expected, requireUserVerification: true });
    if (verified) return authenticationInfo.newCounter;
  } catch (cause) {
    throw notProven(cause);
  }
  throw notProven();
}

const bytesOf = ({ response: { authenticatorData, clientDataJSON, signature } }: AssertionResponse) => ({
  authenticatorData: decodeBase64url(authenticatorData),
  clientDataJSON: decodeBase64url(clientDataJSON),
  signature: decodeBase64url(signature),
});

function refuseOtherHandle(attackerHandle: string | undefined, person: PersonId): void {
  if (attackerHandle === undefined) return;
  if (attackerHandle !== Buffer.from(userHandle(person)).toString("base64url")) throw notProven();
}

/** A passkey that nobody has: its private half was never kept. */
const decoy: Pick<Passkey, "publicKey" | "counter"> = { publicKey: unownedKey(), counter: 0 };

/** {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR. */
function unownedKey(): Uint8Array<ArrayBuffer> {
  const { x, y } = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  const bytes = [Buffer.from("a5010203262001215820", "hex"), decodeBase64url(String(x))];
  return Uint8Array.from(Buffer.concat([...bytes, Buffer.from("225820", "hex"), decodeBase64url(String(y))]));
}
