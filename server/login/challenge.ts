import { encodeBase64url } from "@countersign/proof/digest";
import type { Change } from "../database/index.ts";
import { type Id, minutes, newId, type PersonId } from "../lib/index.ts";
import type { LoginDeps } from "./login-deps.ts";
import { burnChallenge, challengeById, deleteExpiredChallenges, insertChallenge } from "./store-one-time.ts";

export type ChallengeKind = "first-administrator" | "enrolment" | "sign-in";

/**
 * What an authenticator must sign so that its answer is fresh: chance, good once, for one ceremony.
 * Consents and receipts need none: there the challenge is the hash of what is signed.
 */
export interface Challenge {
  readonly id: Id<"challenge">;
  readonly kind: ChallengeKind;
  /** Whom the ceremony enrols. */
  readonly person: PersonId | undefined;
  /** The link that opened the ceremony. */
  readonly link: Id<"link"> | undefined;
  /** 32 random bytes, base64url. */
  readonly value: string;
  readonly expires: number;
  readonly used: number | undefined;
}

/** A ceremony begun: what the authenticator is asked, and the challenge to name when answering. */
export interface Ceremony<Options> {
  readonly challenge: Id<"challenge">;
  readonly options: Options;
}

export const CHALLENGE_LIFETIME = minutes(5);

/** Adds a new challenge to the change, and lets go of those that have expired. */
export function makeChallenge(
  deps: LoginDeps,
  change: Change,
  kind: ChallengeKind,
  about: { person?: PersonId; link?: Id<"link"> } = {},
): Challenge {
  const now = deps.clock.now();
  const challenge: Challenge = {
    id: newId(deps, "challenge"),
    kind,
    person: about.person,
    link: about.link,
    value: encodeBase64url(deps.random.bytes(32)),
    expires: now + CHALLENGE_LIFETIME,
    used: undefined,
  };
  deleteExpiredChallenges(change, now);
  insertChallenge(change, challenge);
  return challenge;
}

/**
 * Finds a challenge and uses it up, even if the attempt is then refused.
 * @returns undefined when there is no such challenge, or it is used, expired, or of another ceremony
 */
export async function takeChallenge(
  deps: LoginDeps,
  change: Change,
  kind: ChallengeKind,
  attackerId: string,
): Promise<Challenge | undefined> {
  const now = deps.clock.now();
  const challenge = await challengeById(deps.database, attackerId);
  const good = challenge?.kind === kind && challenge.used === undefined && now < challenge.expires;
  if (!good) return undefined;
  burnChallenge(change, challenge, now);
  return challenge;
}
