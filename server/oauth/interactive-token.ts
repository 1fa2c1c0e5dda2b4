import { perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { RawRequest } from "../http/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { agentOrRefuse, touchAgent } from "../registry/index.ts";
import type { Authorization } from "./authorization/authorization.ts";
import { proveInteractiveClient } from "./authorization/client-proof.ts";
import type { Asking, Kept } from "./authorization/interactive-grant.ts";
import type { Holder } from "./authorization/issue.ts";
import {
  codeNamed,
  isPending,
  presentCode,
  redeemCode,
  waitForApproval,
} from "./authorization/redeem-code.ts";
import { presentRefreshToken, refresh, refreshTokenNamed } from "./authorization/refresh.ts";
import { proveAnyKey } from "./dpop.ts";
import type { TokenResponse } from "./mint.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { burnProof } from "./one-time-proof.ts";
import { type Form, parameter, refuseNotOnOffer } from "./parameters.ts";

/** A way for a client that a person started to ask for a token. */
interface InteractiveGrant {
  readonly grantType: string;
  /** Lets only what we have made pass: whoever guesses leaves no more behind than a stranger does. */
  requireKnown(deps: OauthDeps, form: Form): Promise<unknown>;
  /** Looks at what came, and writes down what follows from its coming, even where it is then refused. */
  present(deps: OauthDeps, change: Change, asking: Asking): Promise<Kept>;
  /** Makes the token, in a change of its own. */
  issue(
    deps: OauthDeps,
    change: Change,
    holder: Holder,
    of: { authorization: Authorization; form: Form },
  ): Promise<TokenResponse>;
}

const authorizationCode: InteractiveGrant = {
  grantType: "authorization_code",
  requireKnown: codeNamed,
  present: presentCode,
  issue: redeemCode,
};

const refreshToken: InteractiveGrant = {
  grantType: "refresh_token",
  requireKnown: refreshTokenNamed,
  present: presentRefreshToken,
  issue: refresh,
};

/** All that there are. */
export const interactiveGrants: readonly InteractiveGrant[] = [authorizationCode, refreshToken];

export const isInteractive = ({ grant_type }: Form): boolean =>
  interactiveGrants.some(({ grantType }) => grantType === grant_type);

/**
 * The token endpoint for clients that people start. A client that proves itself, or says who it is where it has
 * nothing to prove it by; a key that it holds; a code or refresh token that is for just these; then a token
 * through the chain, as every other.
 * @throws Fault with the code of the specification that the request fell short of
 * @see RFC 6749 §4.1.3, §6; RFC 9449 §5
 */
export async function issueInteractiveToken(
  deps: OauthDeps,
  source: Caller,
  { form, request }: { form: Form; request: RawRequest },
): Promise<TokenResponse> {
  const grant = interactiveGrants.find(({ grantType }) => grantType === parameter(form, "grant_type"));
  if (grant === undefined) throw new Fault("unsupported-grant-type", "This grant type is not known here.");
  refuseNotOnOffer(form);
  const proven = await proveInteractiveClient(deps, source, form, request);
  const { kept, key } = await perform(deps, proven.caller, "token.present", async (change) => {
    await burnProof(deps, change, ...proven.once);
    await grant.requireKnown(deps, form);
    const { proof: dpop, ...held } = proveAnyKey(deps, request);
    const key = { ...held, dpop };
    // Whoever came by an SVID has shown this proof already.
    if (!proven.once.some((shown) => shown.key === dpop.key)) await burnProof(deps, change, dpop);
    return { key, kept: await grant.present(deps, change, { proven, key, form }) };
  });
  if (kept.refused !== undefined) throw kept.refused;
  const { authorization, instance } = kept;
  const holder: Holder = { instance, key, rev: proven.rev, source };
  const token = await issued(deps, grant, holder, { authorization, form });
  await touchAgent(deps, await agentOrRefuse(deps, authorization.agent));
  return token;
}

async function issued(
  deps: OauthDeps,
  grant: InteractiveGrant,
  holder: Holder,
  of: { authorization: Authorization; form: Form },
): Promise<TokenResponse> {
  const { instance, source } = holder;
  const { principal, kind, strength, id, thumbprint } = instance;
  const caller: Caller = {
    ...source,
    principal,
    kind,
    strength,
    via: "authorization-code",
    instance: id,
    keyThumbprint: thumbprint,
  };
  try {
    return await perform(deps, caller, "token.issue", (change) => grant.issue(deps, change, holder, of));
  } catch (fault) {
    if (isPending(fault) && grant === authorizationCode)
      await waitForApproval(deps, holder, of.authorization);
    throw fault;
  }
}
