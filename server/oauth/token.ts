import { perform } from "../audit/index.ts";
import type { RawRequest } from "../http/index.ts";
import { type Caller, Fault, newId } from "../lib/index.ts";
import { touchAgent } from "../registry/index.ts";
import { activeClient, authenticateClient } from "./client-authentication.ts";
import { proveHolder } from "./dpop.ts";
import { type GrantHandler, grantHandlers } from "./grants/index.ts";
import { isInteractive, issueInteractiveToken } from "./interactive-token.ts";
import type { TokenResponse } from "./mint.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { burnProof } from "./one-time-proof.ts";
import { type Form, parameter, refuseNotOnOffer } from "./parameters.ts";

/**
 * The token endpoint. Each step narrows what the next may assume: a client, a client bound to this request,
 * a mandate that was decided, a token that is on record. Only then does it leave.
 * @param source whoever connects; who it is, is proven here
 * @throws Fault with the code of the specification that the request fell short of
 * @see RFC 6749 §3.2, RFC 8693 §2, RFC 9449 §5
 */
export async function issueToken(
  deps: OauthDeps,
  source: Caller,
  input: { form: Form; request: RawRequest },
): Promise<TokenResponse> {
  if (isInteractive(input.form)) return issueInteractiveToken(deps, source, input);
  const grant = handlerOf(input.form);
  refuseNotOnOffer(input.form);
  const proven = await authenticateClient(deps, source, input.form, input.request);
  const asked = newId(deps, "request");
  const { token, principal } = await perform(deps, proven.caller, "token.issue", async (change) => {
    await burnProof(deps, change, ...proven.once);
    const holder = { ...proveHolder(deps, await activeClient(deps, proven), input.request), asked };
    await burnProof(deps, change, holder.dpop);
    const token = await grant.handle(deps, change, holder, input.form);
    return { token, principal: holder.principal };
  });
  if (principal.kind === "agent") await touchAgent(deps, principal.agent);
  return token;
}

function handlerOf(form: Form): GrantHandler {
  const grantType = parameter(form, "grant_type");
  const handler = grantHandlers.find((known) => known.grantType === grantType);
  if (handler !== undefined) return handler;
  throw new Fault("unsupported-grant-type", "This grant type is not known here.", {
    remedy: "See grant_types_supported in the metadata.",
  });
}
