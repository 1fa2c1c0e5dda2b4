import { sha256Base64url } from "@countersign/proof/digest";
import { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { findPerson } from "../registry/index.ts";
import type { LoginDeps } from "./login-deps.ts";
import { isOpen, SEEN_EVERY, SESSION_IDLE, type Session } from "./session.ts";
import { rolesInStore, sessionByHash, touchSession } from "./store-sessions.ts";

/**
 * Who holds this session token, if it is good: the session open and not idle, the person active and not
 * suspended since it began. Her roles are read afresh each time.
 * @param attackerToken from `offeredSession`; what a cookie authenticates must also be `sameOrigin`
 */
export async function sessionCaller(deps: LoginDeps, attackerToken: string): Promise<Caller | undefined> {
  const session = await sessionByHash(deps.database, sha256Base64url(attackerToken));
  if (session === undefined || !isOpen(session, deps.clock.now())) return undefined;
  const person = await findPerson(deps, session.person);
  if (person?.status !== "active" || person.epoch !== session.epoch) return undefined;
  await markSeen(deps, session);
  return {
    principal: person.id,
    kind: "person",
    // A passkey may live in hardware; without an attestation that says so it is not claimed.
    strength: "enrolled-key",
    via: "session",
    roles: await rolesInStore(deps.database, person.id),
    session: session.id,
    credential: {
      keys: [`person:${person.id}#${session.epoch}`],
      expires: Math.min(session.expires, deps.clock.now() + SESSION_IDLE),
    },
  };
}

/** A write without a record: it changes nothing but how long the session may idle. */
async function markSeen(deps: LoginDeps, session: Session): Promise<void> {
  const now = deps.clock.now();
  if (now - session.lastSeen < SEEN_EVERY) return;
  const change = new Change(deps.database);
  touchSession(change, session, now);
  await deps.database.commit(change);
}
