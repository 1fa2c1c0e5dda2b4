import {
  type Clock,
  hours,
  type Id,
  minutes,
  newId,
  newSecret,
  type PersonId,
  type Random,
} from "../lib/index.ts";

/** A person's session: she proved herself with a passkey, and holds its token in a cookie or a terminal. */
export interface Session {
  readonly id: Id<"session">;
  readonly person: PersonId;
  /** The person's epoch when it began: a suspension in between ends it for good. */
  readonly epoch: number;
  /** The passkey that it rests on. */
  readonly credential: string;
  readonly startedBy: "passkey" | "terminal";
  readonly created: number;
  readonly expires: number;
  readonly lastSeen: number;
  /** When an authenticator last verified the person (PIN, finger, face) for it. */
  readonly verifiedAt: number;
  readonly ended: number | undefined;
}

export const SESSION_LIFETIME = hours(8);
export const SESSION_IDLE = hours(1);

/** How stale `lastSeen` may be, so that reading pages does not write each time. */
export const SEEN_EVERY = minutes(1);

export const isOpen = (session: Session, now: number): boolean =>
  session.ended === undefined && now < session.expires && now < session.lastSeen + SESSION_IDLE;

type Makers = { clock: Clock; random: Random };

/** A new session and its token, which nobody can read from the store. */
export function newSession(
  deps: Makers,
  given: { person: PersonId; epoch: number; credential: string },
): { session: Session; token: string } {
  const now = deps.clock.now();
  const times = {
    created: now,
    expires: now + SESSION_LIFETIME,
    lastSeen: now,
    verifiedAt: now,
    ended: undefined,
  };
  const { person, epoch, credential } = given;
  const session: Session = {
    id: newId(deps, "session"),
    person,
    epoch,
    credential,
    startedBy: "passkey",
    ...times,
  };
  return { session, token: newSecret(deps) };
}

/** A terminal's session ends no later than the one that vouched for it, so that sessions cannot breed. */
export function terminalSession(deps: Makers, parent: Session): { session: Session; token: string } {
  const { session, token } = newSession(deps, parent);
  const { expires, verifiedAt } = parent;
  return { session: { ...session, startedBy: "terminal", expires, verifiedAt }, token };
}
