import { isJsonObject, type Json } from "../jcs/index.ts";
import { optionalText, requiredText } from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";
import { warrantLimits } from "./limits.ts";

/**
 * Who holds a warrant, as whoever gave it says: the outermost is the holder, `act` inside it the one before.
 * It is a claim and no proof: only the key in `cnf` proves the holder.
 *
 * @see RFC 8693 §4.1
 */
export type Actor = { iss: string; sub: string; sub_profile?: string; act?: Actor };

const members = new Set(["iss", "sub", "sub_profile", "act"]);

/** @throws VerificationError `malformed`, `missing-claim` */
export function parseActor(attackerActor: Json, room: number = warrantLimits.links): Actor {
  if (!isJsonObject(attackerActor)) throw new VerificationError("malformed", "act must be an object");
  if (room === 0)
    throw new VerificationError("malformed", `act nests more than ${warrantLimits.links} actors`);
  if (Object.keys(attackerActor).some((name) => !members.has(name))) {
    throw new VerificationError("malformed", "act holds iss, sub, sub_profile and act only");
  }
  const profile = optionalText(attackerActor, "sub_profile");
  const inner = attackerActor.act;
  return {
    iss: requiredText(attackerActor, "iss"),
    sub: requiredText(attackerActor, "sub"),
    ...(profile === undefined ? {} : { sub_profile: profile }),
    ...(inner === undefined ? {} : { act: parseActor(inner, room - 1) }),
  };
}

/** Whether two actors are the same, all the way in. */
export function sameActor(a: Actor | undefined, b: Actor | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const isSame = a.iss === b.iss && a.sub === b.sub && a.sub_profile === b.sub_profile;
  return isSame && sameActor(a.act, b.act);
}

/** The one with whom it began. */
export function firstActor(actor: Actor): Actor {
  return actor.act === undefined ? actor : firstActor(actor.act);
}
