import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type PersonId } from "../lib/index.ts";
import { findPerson, requireAdministrator } from "../registry/index.ts";
import { linkIssued } from "./events.ts";
import { type Link, linkUrl, newLink } from "./link.ts";
import type { LoginDeps } from "./login-deps.ts";
import { insertLink } from "./store-one-time.ts";
import { passkeysOf } from "./store-passkeys.ts";

/**
 * Makes a one-time link by which a person enrols a passkey: her first, or one more. Whoever holds the link
 * can become her, so the log says who made it, and that she had a passkey already.
 * @returns the URL, shown once: its secret is kept nowhere
 * @throws Fault `forbidden` unless an administrator asks; `not-found`; `conflict` when she is not active
 */
export function issueEnrolmentLink(
  deps: LoginDeps,
  caller: Caller,
  input: { person: PersonId },
): Promise<{ url: string; expires: number }> {
  return perform(deps, caller, "link.issue", async (change) => {
    const { link, secret } = await addEnrolmentLink(deps, change, caller, input);
    return { url: linkUrl(deps.issuer, link.kind, secret), expires: link.expires };
  });
}

/** As `issueEnrolmentLink`, within a change that does more besides. */
export async function addEnrolmentLink(
  deps: LoginDeps,
  change: Change,
  caller: Caller,
  input: { person: PersonId },
): Promise<{ link: Link; secret: string }> {
  requireAdministrator(caller);
  const person = await findPerson(deps, input.person);
  if (person === undefined) throw new Fault("not-found", "There is no such person.");
  if (person.status !== "active") throw new Fault("conflict", "This person is suspended or has left.");
  const made = newLink(deps, "enrolment", person.id);
  insertLink(change, made.link);
  const another = (await passkeysOf(deps.database, person.id)).length > 0;
  const { id, kind, expires } = made.link;
  append(change, linkIssued(deps, caller, { person: person.id }, { link: id, kind, expires, another }));
  return made;
}
