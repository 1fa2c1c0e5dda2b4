import { decodeBase64url } from "@countersign/proof/digest";
import type { PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { perform } from "../audit/index.ts";
import type { Caller } from "../lib/index.ts";
import { findPerson, requireActivePerson } from "../registry/index.ts";
import { verifiedPasskey } from "./assertion.ts";
import { type Ceremony, makeChallenge, takeChallenge } from "./challenge.ts";
import type { LoginDeps } from "./login-deps.ts";
import { relyingParty } from "./passkey.ts";
import { notProven } from "./refusal.ts";
import { type Started, startSession } from "./start-session.ts";
import { webauthn } from "./webauthn-library.ts";
import type { AssertionResponse } from "./webauthn-schema.ts";

/** Begins a sign-in. Nobody says a name: the authenticator offers the passkeys that it has for us. */
export function beginSignIn(
  deps: LoginDeps,
  caller: Caller,
): Promise<Ceremony<PublicKeyCredentialRequestOptionsJSON>> {
  return perform(deps, caller, "sign-in.begin", async (change) => {
    const challenge = makeChallenge(deps, change, "sign-in");
    const { generateAuthenticationOptions } = await webauthn();
    const options = await generateAuthenticationOptions({
      rpID: relyingParty(deps.issuer).id,
      challenge: decodeBase64url(challenge.value),
      userVerification: "required",
    });
    return { challenge: challenge.id, options };
  });
}

/**
 * Completes a sign-in.
 * @throws Fault `unauthenticated`: in the same words whether the passkey is unknown, the signature bad, the
 *   challenge used or expired, or the person suspended
 */
export function finishSignIn(
  deps: LoginDeps,
  caller: Caller,
  input: { challenge: string; response: AssertionResponse },
): Promise<Started> {
  return perform(deps, caller, "sign-in.finish", async (change) => {
    const challenge = await takeChallenge(deps, change, "sign-in", input.challenge);
    const passkey = await verifiedPasskey(deps, change, challenge?.value ?? "none", input.response);
    const person = await findPerson(deps, passkey.person);
    if (challenge === undefined || person?.status !== "active") throw notProven();
    requireActivePerson(change, person);
    const as: Caller = {
      ...caller,
      principal: person.id,
      kind: "person",
      strength: "enrolled-key",
      via: "passkey",
    };
    return startSession(deps, change, as, person, passkey);
  });
}
