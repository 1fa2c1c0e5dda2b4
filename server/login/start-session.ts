import { sha256Base64url } from "@countersign/proof/digest";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import type { Person } from "../registry/index.ts";
import { sessionStarted } from "./events.ts";
import type { LoginDeps } from "./login-deps.ts";
import type { Passkey } from "./passkey.ts";
import { newSession, type Session } from "./session.ts";
import { insertSession } from "./store-sessions.ts";

/** A session that has begun. The token is its secret: it leaves in a cookie, or to a terminal, once. */
export interface Started {
  readonly session: Session;
  readonly token: string;
  readonly person: PersonId;
}

/** Adds a session to the change, resting on a passkey that has just verified the person. */
export function startSession(
  deps: LoginDeps,
  change: Change,
  caller: Caller,
  person: Pick<Person, "id" | "epoch">,
  passkey: Pick<Passkey, "credential">,
): Started {
  const { id, epoch } = person;
  const { session, token } = newSession(deps, { person: id, epoch, credential: passkey.credential });
  return addSession(deps, change, caller, session, token);
}

/** Adds a session and its record to the change. */
export function addSession(
  deps: LoginDeps,
  change: Change,
  caller: Caller,
  session: Session,
  token: string,
  from?: Session,
): Started {
  insertSession(change, session, sha256Base64url(token));
  const { id, person, startedBy, credential, expires } = session;
  const body = { session: id, started_by: startedBy, credential, expires, ...(from && { from: from.id }) };
  append(change, sessionStarted(deps, caller, { person }, body));
  return { session, token, person };
}
