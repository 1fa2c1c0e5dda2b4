import { sha256Base64url } from "@countersign/proof/digest";
import type { PublicKeyCredentialCreationOptionsJSON } from "@simplewebauthn/server";
import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, newId, system } from "../lib/index.ts";
import { addPerson } from "../registry/index.ts";
import { administratorsNow } from "./administrators.ts";
import { type Ceremony, makeChallenge, takeChallenge } from "./challenge.ts";
import { enrolling } from "./enrol-passkey.ts";
import { linkIssued, linkUsed, roleGranted } from "./events.ts";
import { type Link, linkIsGone, linkUrl, newLink, usable } from "./link.ts";
import type { LoginDeps } from "./login-deps.ts";
import { notProven } from "./refusal.ts";
import { addPasskey, creationOptions } from "./registration.ts";
import { type Started, startSession } from "./start-session.ts";
import { insertLink, linkByHash, spendFirstLink, spendLink, voidFirstLinks } from "./store-one-time.ts";
import { insertRole } from "./store-sessions.ts";
import type { RegistrationResponse } from "./webauthn-schema.ts";

/** Issuing and using these links takes turns, so that there is one first administrator. */
export const TURN = "login:first-administrator";

/**
 * Makes the link by which the first administrator enrols. For a terminal or a 0600 file, never a log.
 * An earlier link that was not used is void.
 * @throws Fault `conflict` when there is an administrator already
 */
export function issueFirstAdministratorLink(deps: LoginDeps): Promise<{ url: string; expires: number }> {
  return perform(deps, system, "link.issue", async (change) => {
    change.lock(TURN);
    await refuseSecondAdministrator(deps);
    const { link, secret } = newLink(deps, "first-administrator");
    addAdministratorLink(deps, change, link);
    return { url: linkUrl(deps.issuer, link.kind, secret), expires: link.expires };
  });
}

/** The one link by which somebody new is administrator, in place of those before it. */
export function addAdministratorLink(deps: LoginDeps, change: Change, link: Link): void {
  const { id, kind, expires } = link;
  voidFirstLinks(change, deps.clock.now());
  insertLink(change, link);
  append(change, linkIssued(deps, system, {}, { link: id, kind, expires, another: false }));
}

async function refuseSecondAdministrator(deps: LoginDeps): Promise<void> {
  if ((await administratorsNow(deps)).holders.length === 0) return;
  throw new Fault("conflict", "There is an administrator already.", {
    remedy: "Ask an administrator for an enrolment link.",
  });
}

/** Who the first administrator says she is. */
export interface FirstAdministrator {
  /** The secret of the link, from its fragment. */
  attackerSecret: string;
  name: string;
  email: string;
}

/**
 * Begins the enrolment of the first administrator: asks her authenticator for a passkey.
 * @throws Fault `gone` when the link is unknown, used up or expired
 */
export function beginFirstAdministrator(
  deps: LoginDeps,
  caller: Caller,
  input: FirstAdministrator,
): Promise<Ceremony<PublicKeyCredentialCreationOptionsJSON>> {
  return perform(deps, caller, "first-administrator.begin", async (change) => {
    const link = await firstLink(deps, input.attackerSecret);
    const id = newId(deps, "person");
    const challenge = makeChallenge(deps, change, "first-administrator", { person: id, link: link.id });
    const options = await creationOptions(deps, challenge, { id, name: input.name, email: input.email });
    return { challenge: challenge.id, options };
  });
}

/**
 * Completes it, as one change: the link is used up, and there is a person, her passkey, her role and her
 * session.
 * @throws Fault `gone` for the link; `unauthenticated` when the passkey's answer does not hold
 */
export function finishFirstAdministrator(
  deps: LoginDeps,
  caller: Caller,
  input: FirstAdministrator & { challenge: string; label: string; response: RegistrationResponse },
): Promise<Started> {
  return perform(deps, caller, "first-administrator.finish", async (change) => {
    change.lock(TURN);
    const now = deps.clock.now();
    const link = await firstLink(deps, input.attackerSecret);
    const challenge = await takeChallenge(deps, change, "first-administrator", input.challenge);
    if (challenge?.person === undefined || challenge.link !== link.id) throw notProven();
    const id = challenge.person;
    const as = enrolling(caller, id);
    if (link.kind === "administrator") spendLink(change, link, now);
    else spendFirstLink(change, link, now);
    append(change, linkUsed(deps, as, { person: id }, { link: link.id, kind: link.kind }));
    const person = await addPerson(deps, change, as, { id, name: input.name, email: input.email });
    const { label, response } = input;
    const passkey = await addPasskey(deps, change, as, { person: id, challenge, link, label, response });
    for (const role of ["administrator", "policy-publisher"] as const) {
      insertRole(change, id, role, now);
      append(change, roleGranted(deps, as, { person: id }, { role }));
    }
    return startSession(deps, change, as, person, passkey);
  });
}

async function firstLink(deps: LoginDeps, attackerSecret: string): Promise<Link> {
  const link = await linkByHash(deps.database, sha256Base64url(attackerSecret));
  const good = usable(link, ["first-administrator", "administrator"], deps.clock.now());
  const { holders, active } = await administratorsNow(deps);
  const inTheWay = good.kind === "administrator" ? active : holders;
  if (inTheWay.length > 0) throw linkIsGone();
  return good;
}
