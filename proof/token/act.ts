import { isJsonObject, type Json } from "../jcs/index.ts";
import { optionalText, requiredText } from "../jws/claims.ts";
import { VerificationError } from "../verification-error.ts";

/**
 * Who acts: the outermost is the current actor, `act` inside it the one before. Only the outermost may enter
 * a decision; the rest informs.
 *
 * @see RFC 8693 §4.1
 */
export type Act = { iss?: string; sub: string; act?: Act };

/** The longest chain of actors. */
export const maximumActors = 8;

/** @throws VerificationError `malformed`, `missing-claim` */
export function parseAct(attackerAct: Json, room: number = maximumActors): Act {
  if (!isJsonObject(attackerAct)) throw new VerificationError("malformed", "act must be an object");
  if (room === 0) throw new VerificationError("malformed", `act nests more than ${maximumActors} actors`);
  const foreign = Object.keys(attackerAct).find((name) => name !== "iss" && name !== "sub" && name !== "act");
  if (foreign !== undefined) throw new VerificationError("malformed", "act holds iss, sub and act only");
  const iss = optionalText(attackerAct, "iss");
  const inner = attackerAct.act;
  return {
    ...(iss === undefined ? {} : { iss }),
    sub: requiredText(attackerAct, "sub"),
    ...(inner === undefined ? {} : { act: parseAct(inner, room - 1) }),
  };
}
