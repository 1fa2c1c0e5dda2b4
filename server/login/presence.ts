import type { Change } from "../database/index.ts";
import { Fault, type Id, type PersonId } from "../lib/index.ts";
import { findPerson } from "../registry/index.ts";
import type { LoginDeps } from "./login-deps.ts";
import { isOpen } from "./session.ts";
import { requireOpenSession, sessionById } from "./store-sessions.ts";

/**
 * Lets something happen only while a person is still there: the session in which she asked for it is open, has
 * not been idle for too long, and she has not been suspended since. Guards the change likewise.
 * @throws Fault `unauthenticated`
 */
export async function requirePresent(
  deps: LoginDeps,
  change: Change,
  of: { session: Id<"session">; person: PersonId },
): Promise<void> {
  const [session, person] = await Promise.all([
    sessionById(deps.database, of.session),
    findPerson(deps, of.person),
  ]);
  const hers = session !== undefined && session.person === of.person && isOpen(session, deps.clock.now());
  if (!hers || person?.status !== "active" || person.epoch !== session.epoch) throw absent(of.person);
  requireOpenSession(change, session);
}

const absent = (person: PersonId): Fault =>
  new Fault("unauthenticated", "The person has signed out, or her session is over.", {
    remedy: "Ask her to sign in and to consent again.",
    record: { about: { person } },
  });
