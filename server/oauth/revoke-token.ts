import { claimsOf, requiredJti, verifyCompact } from "@countersign/proof/jws";
import { append, perform } from "../audit/index.ts";
import type { RawRequest } from "../http/index.ts";
import type { Caller } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { aboutToken } from "./about-token.ts";
import { giveRefreshTokenBack } from "./authorization/give-back.ts";
import { activeClient, authenticateClient } from "./client-authentication.ts";
import { tokenRevoked } from "./events.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { burnProof } from "./one-time-proof.ts";
import { type Form, parameter } from "./parameters.ts";
import { revokeWarrant } from "./revoke-warrant.ts";
import { findToken } from "./store.ts";

/**
 * A client gives an access token of its own back, or a warrant that it holds a link of: it is dead everywhere. A token that is not its own, or
 * does not hold, changes nothing and is answered the same.
 * @throws Fault `invalid-client`, `invalid-request`, `forbidden` when its agent or service is not active
 * @see RFC 7009 §2
 */
export async function revokeToken(
  deps: OauthDeps,
  source: Caller,
  input: { form: Form; request?: RawRequest },
): Promise<void> {
  if (await giveRefreshTokenBack(deps, source, input.form)) return;
  const proven = await authenticateClient(deps, source, input.form, input.request);
  return perform(deps, proven.caller, "token.revoke", async (change) => {
    await burnProof(deps, change, ...proven.once);
    const client = await activeClient(deps, proven);
    const attackerToken = parameter(input.form, "token");
    if (await revokeWarrant(deps, change, client, attackerToken)) return;
    const jti = jtiOf(deps, attackerToken);
    const token = jti === undefined ? undefined : await findToken(deps.database, jti);
    if (token === undefined || token.instance !== client.instance.id || deps.clock.now() >= token.expires)
      return;
    revoke(deps, change, client.caller, [`jti:${token.jti}`], "token given back");
    append(
      change,
      tokenRevoked(deps, client.caller, aboutToken(token), { jti: token.jti, client: token.instance }),
    );
  });
}

/** The id of a token that we signed, whatever it is for and whether or not it has expired. */
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
