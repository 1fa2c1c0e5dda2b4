import { sha256Base64url } from "@countersign/proof/digest";
import type { Change } from "../../database/index.ts";
import { findInstance, isLive } from "../../registry/index.ts";
import type { TokenResponse } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { type Form, parameter } from "../parameters.ts";
import {
  authorizationById,
  type RefreshToken,
  refreshTokenOf,
  requireUnended,
  useRefreshToken,
} from "../store-authorizations.ts";
import type { Authorization } from "./authorization.ts";
import { givenBy } from "./holder.ts";
import type { Asking, Kept } from "./interactive-grant.ts";
import { type Holder, issueGiven } from "./issue.ts";
import { invalidGrant, revokeMisused } from "./misused.ts";
import { addRefreshToken, isSameClient } from "./redeem-code.ts";
import { requireThere } from "./there.ts";

/**
 * Looks at a refresh token that came: it is for its client and its key alone. One that was used before has
 * leaked or was copied, and all that the person gave by it ends.
 * @returns what is left to refuse once this is on record
 * @see RFC 6749 §6, §10.4; RFC 9449 §5; RFC 9700 §4.14.2
 */
export async function presentRefreshToken(deps: OauthDeps, change: Change, asking: Asking): Promise<Kept> {
  const { token, authorization } = await refreshTokenNamed(deps, asking.form);
  const { proven, key } = asking;
  // Without the key it is of no use to anyone, and says nothing about who holds it.
  if (!isSameClient(authorization, proven) || authorization.jkt !== key.jkt)
    throw invalidGrant(authorization);
  if (token.used !== undefined) {
    await revokeMisused(deps, change, proven.caller, authorization, "refresh-token");
    return { refused: invalidGrant(authorization) };
  }
  const instance = await findInstance(deps, authorization.instance ?? "");
  if (instance === undefined || !isLive(instance, deps.clock.now())) throw invalidGrant(authorization);
  return { authorization, instance };
}

/**
 * Makes the next token and the next refresh token, in the change that spends the one that came, while the
 * person is there.
 * @throws Fault `invalid-grant` when she has left; what `issueGiven` throws
 */
export async function refresh(
  deps: OauthDeps,
  change: Change,
  holder: Holder,
  of: { authorization: Authorization; form: Form },
): Promise<TokenResponse> {
  const { token, authorization } = await refreshTokenNamed(deps, of.form);
  if (token.used !== undefined || authorization.ended !== undefined) throw invalidGrant(authorization);
  await requireThere(deps, change, authorization);
  const given = await givenBy(deps, authorization);
  useRefreshToken(change, token, deps.clock.now());
  requireUnended(change, authorization);
  const issued = await issueGiven(deps, change, holder, given, { authorization, form: of.form });
  return { ...issued, refresh_token: addRefreshToken(deps, change, authorization) };
}

/** @throws Fault `invalid-grant` for one that we have not made */
export async function refreshTokenNamed(
  deps: OauthDeps,
  form: Form,
): Promise<{ token: RefreshToken; authorization: Authorization }> {
  const token = await refreshTokenOf(deps.database, sha256Base64url(parameter(form, "refresh_token")));
  const authorization = token && (await authorizationById(deps.database, token.request));
  if (token === undefined || authorization === undefined) throw invalidGrant();
  return { token, authorization };
}
