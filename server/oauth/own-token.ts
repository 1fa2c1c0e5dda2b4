import { claimsOf, requiredJti, verifyCompact } from "@countersign/proof/jws";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { AgentName, Caller, Id, PersonId } from "../lib/index.ts";
import { deadAmong, revoke } from "../revocation/index.ts";
import { tokenRevoked } from "./events.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { findToken, type IssuedToken } from "./store.ts";

/** An access token that we signed, whatever it is for, while there is something in it to end. */
export async function livingToken(deps: OauthDeps, attackerToken: string): Promise<IssuedToken | undefined> {
  const jti = jtiOf(deps, attackerToken);
  const token = jti === undefined ? undefined : await findToken(deps.database, jti);
  if (token === undefined || deps.clock.now() >= token.expires) return undefined;
  // Given back once, it is told once: a client that has proven nothing must not fill the log by asking again.
  return (await deadAmong(deps, [`jti:${token.jti}`])).length === 0 ? token : undefined;
}

function jtiOf(deps: OauthDeps, attackerToken: string): string | undefined {
  const keys = keySetOf(deps.keys, "token");
  try {
    const { payload } = verifyCompact(attackerToken, {
      typ: "at+jwt",
      algs: ["ES256"],
      resolve: ({ kid }) => (kid === undefined ? undefined : keys.get(kid)),
    });
    return requiredJti(claimsOf(payload));
  } catch {
    return undefined;
  }
}

/** Ends a token for its client, in the caller's change. */
export function endToken(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  { jti, instance }: IssuedToken,
  about: { agent?: AgentName; person?: PersonId; task?: Id<"task"> },
): void {
  revoke(deps, change, caller, [`jti:${jti}`], "token given back");
  append(change, tokenRevoked(deps, caller, about, { jti, client: instance }));
}
