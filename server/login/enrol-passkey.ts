import { sha256Base64url } from "@countersign/proof/digest";
import type { PublicKeyCredentialCreationOptionsJSON } from "@simplewebauthn/server";
import { append, perform } from "../audit/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import { findPerson, type Person, requireActivePerson } from "../registry/index.ts";
import { type Ceremony, makeChallenge, takeChallenge } from "./challenge.ts";
import { linkUsed } from "./events.ts";
import { type Link, linkIsGone, usable } from "./link.ts";
import type { LoginDeps } from "./login-deps.ts";
import { notProven } from "./refusal.ts";
import { addPasskey, creationOptions } from "./registration.ts";
import { type Started, startSession } from "./start-session.ts";
import { linkByHash, spendLink } from "./store-one-time.ts";
import type { RegistrationResponse } from "./webauthn-schema.ts";

/**
 * Begins the enrolment of a passkey by a one-time link.
 * @throws Fault `gone` when the link is unknown, used up or expired, or its person no longer active
 */
export function beginEnrolment(
  deps: LoginDeps,
  caller: Caller,
  input: { attackerSecret: string },
): Promise<Ceremony<PublicKeyCredentialCreationOptionsJSON>> {
  return perform(deps, caller, "enrolment.begin", async (change) => {
    const { link, person } = await enrolmentOf(deps, input.attackerSecret);
    const challenge = makeChallenge(deps, change, "enrolment", { person: person.id, link: link.id });
    return { challenge: challenge.id, options: await creationOptions(deps, challenge, person) };
  });
}

/**
 * Completes it, as one change: the link is used up, and there is a passkey and a session.
 * @throws Fault `gone` for the link; `unauthenticated` when the passkey's answer does not hold
 */
export function finishEnrolment(
  deps: LoginDeps,
  caller: Caller,
  input: { attackerSecret: string; challenge: string; label: string; response: RegistrationResponse },
): Promise<Started> {
  return perform(deps, caller, "enrolment.finish", async (change) => {
    const { link, person } = await enrolmentOf(deps, input.attackerSecret);
    const challenge = await takeChallenge(deps, change, "enrolment", input.challenge);
    if (challenge === undefined || challenge.link !== link.id) throw notProven();
    const as = enrolling(caller, person.id);
    requireActivePerson(change, person);
    spendLink(change, link, deps.clock.now());
    append(change, linkUsed(deps, as, { person: person.id }, { link: link.id, kind: link.kind }));
    const { label, response } = input;
    const passkey = await addPasskey(deps, change, as, {
      person: person.id,
      challenge,
      link,
      label,
      response,
    });
    return startSession(deps, change, as, person, passkey);
  });
}

/** Somebody who came with a link: until her passkey is enrolled, the link is all that vouches for her. */
export const enrolling = (caller: Caller, person: PersonId): Caller => ({
  ...caller,
  principal: person,
  kind: "person",
  strength: "bearer",
  via: "link",
});

async function enrolmentOf(deps: LoginDeps, attackerSecret: string): Promise<{ link: Link; person: Person }> {
  const found = await linkByHash(deps.database, sha256Base64url(attackerSecret));
  const link = usable(found, ["enrolment"], deps.clock.now());
  const person = link.person && (await findPerson(deps, link.person));
  if (person?.status !== "active") throw linkIsGone();
  return { link, person };
}
