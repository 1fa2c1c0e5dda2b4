import { timingSafeEqual } from "node:crypto";
import { sha256Base64url } from "@countersign/proof/digest";
import { appendRefusal, perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { Fault, newSecret } from "../../lib/index.ts";
import { findInstance } from "../../registry/index.ts";
import type { TokenResponse } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { type Form, parameter } from "../parameters.ts";
import {
  authorizationByCode,
  authorizationById,
  extendCode,
  insertRefreshToken,
  keepHolder,
  redeem,
} from "../store-authorizations.ts";
import { type Authorization, LONGEST_PENDING } from "./authorization.ts";
import type { ProvenInteractiveClient } from "./client-proof.ts";
import { givenBy, holderFor } from "./holder.ts";
import type { Asking, Kept } from "./interactive-grant.ts";
import { type Holder, issueGiven } from "./issue.ts";
import { invalidGrant, revokeMisused } from "./misused.ts";
import { requireThere } from "./there.ts";

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/**
 * Looks at a code that came, and settles whom it is for. The first to present it must be its client, at the
 * same redirect URI, with its verifier and its key; whoever is not spends it. The second to present it once it
 * is spent ends all that followed from it.
 * @returns what is left to refuse once this is on record
 * @see RFC 6749 §4.1.3, RFC 7636 §4.6, RFC 9449 §10, RFC 9700 §4.5
 */
export async function presentCode(deps: OauthDeps, change: Change, asking: Asking): Promise<Kept> {
  const authorization = await codeNamed(deps, asking.form);
  if (authorization.codeUsed !== undefined || authorization.ended !== undefined) {
    await revokeMisused(deps, change, asking.proven.caller, authorization, "code");
    return { refused: invalidGrant(authorization) };
  }
  if (!isFor(deps, authorization, asking)) {
    redeem(change, authorization, deps.clock.now());
    const refused = invalidGrant(authorization);
    // Once for each code: it is spent by this, and somebody has it who should not.
    refused.recordedAs = appendRefusal(deps, change, asking.proven.caller, "token.present", refused);
    return { refused };
  }
  const known =
    authorization.instance === undefined ? undefined : await findInstance(deps, authorization.instance);
  if (known !== undefined) return { authorization, instance: known };
  const given = await givenBy(deps, authorization);
  const instance = await holderFor(deps, change, asking.proven, asking.key, given);
  keepHolder(change, authorization, { instance: instance.id, jkt: asking.key.jkt });
  return { authorization, instance };
}

/** @throws Fault `invalid-grant` for one that we have not made */
export async function codeNamed(deps: OauthDeps, form: Form): Promise<Authorization> {
  const authorization = await authorizationByCode(deps.database, sha256Base64url(parameter(form, "code")));
  if (authorization !== undefined) return authorization;
  throw invalidGrant();
}

function isFor(deps: OauthDeps, authorization: Authorization, { proven, key, form }: Asking): boolean {
  const { codeExpires = 0, dpopJkt = key.jkt, jkt = key.jkt } = authorization;
  return (
    deps.clock.now() < codeExpires &&
    isSameClient(authorization, proven) &&
    form.redirect_uri === authorization.redirectUri &&
    isVerifier(form, authorization.codeChallenge) &&
    dpopJkt === key.jkt &&
    jkt === key.jkt
  );
}

/** The very client, and still the agent that the person gave to. */
export const isSameClient = (authorization: Authorization, { client }: ProvenInteractiveClient): boolean =>
  client.clientId === authorization.clientId && client.agent.name === authorization.agent;

function isVerifier({ code_verifier: attackerVerifier = "" }: Form, challenge: string): boolean {
  const computed = Buffer.from(sha256Base64url(attackerVerifier));
  const expected = Buffer.from(challenge);
  const same = computed.length === expected.length && timingSafeEqual(computed, expected);
  return same && VERIFIER.test(attackerVerifier);
}

/**
 * Makes the first token of a code, and the refresh token beside it, in the change that spends the code.
 * @throws Fault what `issueGiven` throws; the code is still good after that, for its client and key
 */
export async function redeemCode(
  deps: OauthDeps,
  change: Change,
  holder: Holder,
  of: { authorization: Authorization; form: Form },
): Promise<TokenResponse> {
  const authorization = (await authorizationById(deps.database, of.authorization.id)) ?? of.authorization;
  if (authorization.codeUsed !== undefined || authorization.ended !== undefined)
    throw invalidGrant(authorization);
  const given = await givenBy(deps, authorization);
  redeem(change, authorization, deps.clock.now());
  // Before anything is decided: nobody is asked to approve for somebody who has left.
  await requireThere(deps, change, authorization);
  const token = await issueGiven(deps, change, holder, given, { authorization, form: of.form });
  return { ...token, refresh_token: addRefreshToken(deps, change, authorization) };
}

/** Opaque, and kept as its hash alone. */
export function addRefreshToken(deps: OauthDeps, change: Change, { id }: Authorization): string {
  const secret = newSecret(deps);
  insertRefreshToken(change, { hash: sha256Base64url(secret), request: id, issued: deps.clock.now() });
  return secret;
}

/** While people are asked, the code waits for its client. */
export async function waitForApproval(
  deps: OauthDeps,
  holder: Holder,
  { id, expires }: Authorization,
): Promise<void> {
  await perform(deps, holder.source, "authorization.wait", async (change) => {
    const authorization = await authorizationById(deps.database, id);
    if (authorization === undefined || authorization.begun + LONGEST_PENDING <= deps.clock.now()) return;
    extendCode(change, authorization, Math.min(expires, authorization.begun + LONGEST_PENDING));
  });
}

/** Whether an answer means: not yet. */
export const isPending = (fault: unknown): boolean =>
  fault instanceof Fault && (fault.code === "authorization-pending" || fault.code === "slow-down");
