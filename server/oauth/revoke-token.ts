import { perform } from "../audit/index.ts";
import type { RawRequest } from "../http/index.ts";
import type { Caller } from "../lib/index.ts";
import { aboutToken } from "./about-token.ts";
import { meansInteractiveClient } from "./authorization/client-proof.ts";
import { giveAccessTokenBack, giveRefreshTokenBack } from "./authorization/give-back.ts";
import { activeClient, authenticateClient } from "./client-authentication.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { burnProof } from "./one-time-proof.ts";
import { endToken, livingToken } from "./own-token.ts";
import { type Form, parameter } from "./parameters.ts";
import { revokeWarrant } from "./revoke-warrant.ts";

/**
 * A client gives a token of its own back, or a warrant that it holds a link of: it is dead everywhere. A token that
 * is not its own, or does not hold, changes nothing and is answered the same.
 * @throws Fault `invalid-client`, `invalid-request`, `forbidden` when its agent or service is not active
 * @see RFC 7009 §2
 */
export async function revokeToken(
  deps: OauthDeps,
  source: Caller,
  input: { form: Form; request?: RawRequest },
): Promise<void> {
  if (await giveRefreshTokenBack(deps, source, input)) return;
  if (await meansInteractiveClient(deps, input.form)) return giveAccessTokenBack(deps, source, input.form);
  const proven = await authenticateClient(deps, source, input.form, input.request);
  return perform(deps, proven.caller, "token.revoke", async (change) => {
    await burnProof(deps, change, ...proven.once);
    const client = await activeClient(deps, proven);
    const attackerToken = parameter(input.form, "token");
    if (await revokeWarrant(deps, change, client, attackerToken)) return;
    const token = await livingToken(deps, attackerToken);
    if (token?.instance !== client.instance.id) return;
    endToken(deps, change, client.caller, token, aboutToken(token));
  });
}
