import { sha256Base64url } from "@countersign/proof/digest";
import { append, perform } from "../../audit/index.ts";
import type { RawRequest } from "../../http/index.ts";
import type { Caller } from "../../lib/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { burnProof } from "../one-time-proof.ts";
import { endToken, livingToken } from "../own-token.ts";
import { type Form, parameter } from "../parameters.ts";
import {
  authorizationByEdge,
  authorizationById,
  endAuthorization,
  refreshTokenOf,
} from "../store-authorizations.ts";
import { aboutOf, whatOf } from "./begin.ts";
import { proveInteractiveClient } from "./client-proof.ts";
import { authorizationEnded } from "./events.ts";
import { endGiven } from "./misused.ts";
import { isSameClient } from "./redeem-code.ts";

/**
 * An interactive client gives a refresh token back: what the person gave by it ends, access tokens included.
 * That of another client stays, and is answered alike.
 * @returns whether it was a refresh token of ours, whoever sent it
 * @throws Fault `invalid-client`
 * @see RFC 7009 §2.1
 */
export async function giveRefreshTokenBack(
  deps: OauthDeps,
  source: Caller,
  { form, request }: { form: Form; request?: RawRequest },
): Promise<boolean> {
  const token = await refreshTokenOf(deps.database, sha256Base64url(form.token ?? ""));
  if (token === undefined) return false;
  const proven = await proveInteractiveClient(deps, source, form, request);
  await perform(deps, proven.caller, "token.revoke", async (change) => {
    await burnProof(deps, change, ...proven.once);
    const authorization = await authorizationById(deps.database, token.request);
    if (authorization?.edge === undefined || authorization.ended !== undefined) return;
    if (!isSameClient(authorization, proven)) return;
    endAuthorization(change, authorization, deps.clock.now());
    await endGiven(deps, change, proven.caller, authorization.edge, "refresh token given back");
    const body = { ...whatOf(authorization), edge: authorization.edge };
    append(change, authorizationEnded(deps, proven.caller, aboutOf(authorization), body));
  });
  return true;
}

/**
 * An interactive client gives an access token back that it got by what a person gave it. One that another client
 * got, or another copy of its agent by another way, stays, and is answered alike: a public client proves nothing,
 * but a token in its hands can only end.
 * @throws Fault `invalid-client`, `invalid-request`, `forbidden`
 * @see RFC 7009 §2.1
 */
export async function giveAccessTokenBack(deps: OauthDeps, source: Caller, form: Form): Promise<void> {
  const proven = await proveInteractiveClient(deps, source, form);
  await perform(deps, proven.caller, "token.revoke", async (change) => {
    await burnProof(deps, change, ...proven.once);
    const token = await livingToken(deps, parameter(form, "token"));
    const authorization = token?.edge && (await authorizationByEdge(deps.database, token.edge));
    if (!token || !authorization || token.instance !== authorization.instance) return;
    if (isSameClient(authorization, proven))
      endToken(deps, change, proven.caller, token, aboutOf(authorization));
  });
}
