import { sha256Base64url } from "@countersign/proof/digest";
import { append, perform } from "../../audit/index.ts";
import {
  chainOf,
  closeTask,
  expiryOf,
  type LivingChain,
  requireChain,
  rootEdgeOf,
} from "../../delegation/index.ts";
import { type Caller, Fault, newSecret } from "../../lib/index.ts";
import { requirePresent } from "../../login/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { endUnanswered, keepCode } from "../store-authorizations.ts";
import { answerAt } from "./answer.ts";
import { type Authorization, CODE_LIFETIME } from "./authorization.ts";
import { aboutOf, whatOf } from "./begin.ts";
import { authorizationGranted, authorizationRefused } from "./events.ts";
import { ownAuthorization } from "./own.ts";

/** Where the person's browser goes now, with the answer. */
export interface Finished {
  readonly redirect: string;
}

/**
 * The person has signed: the client is answered with a code. It is good once, for a minute, for this client,
 * redirect URI and verifier; of it only a hash is kept.
 * @throws Fault `not-found`, `gone` as `ownAuthorization`; `conflict` while she has not signed
 */
export function finishAuthorization(
  deps: OauthDeps,
  caller: Caller,
  input: { id: string },
): Promise<Finished> {
  return perform(deps, caller, "authorization.grant", async (change) => {
    const authorization = await ownAuthorization(deps, caller, input.id);
    const chain = await signedChain(deps, authorization);
    const code = newSecret(deps);
    const { edge } = chain.links[0];
    const codeExpires = Math.min(deps.clock.now() + CODE_LIFETIME, expiryOf(chain));
    await requirePresent(deps, change, authorization);
    requireChain(change, chain);
    keepCode(change, authorization, {
      hash: sha256Base64url(code),
      edge,
      codeExpires,
      expires: expiryOf(chain),
    });
    const body = { ...whatOf(authorization), redirect_uri: authorization.redirectUri, edge };
    append(change, authorizationGranted(deps, caller, aboutOf(authorization), body));
    return { redirect: answerAt(authorization, deps.issuer, { code }) };
  });
}

async function signedChain(deps: OauthDeps, { task }: Authorization): Promise<LivingChain> {
  const edge = task === undefined ? undefined : await rootEdgeOf(deps, task);
  if (edge !== undefined) return chainOf(deps, edge);
  throw new Fault("conflict", "You have not signed yet.", { remedy: "Sign what you give, or refuse." });
}

/**
 * The person gives nothing: the client is told so. What she had begun to choose ends.
 * @throws Fault `not-found`, `gone` as `ownAuthorization`
 */
export async function refuseAuthorization(
  deps: OauthDeps,
  caller: Caller,
  input: { id: string },
): Promise<Finished> {
  const { task } = await ownAuthorization(deps, caller, input.id);
  if (task !== undefined) await closeTask(deps, caller, { task });
  return perform(deps, caller, "authorization.refuse", async (change) => {
    const authorization = await ownAuthorization(deps, caller, input.id);
    endUnanswered(change, authorization, deps.clock.now());
    append(change, authorizationRefused(deps, caller, aboutOf(authorization), whatOf(authorization)));
    const error_description = "The person gave nothing.";
    return { redirect: answerAt(authorization, deps.issuer, { error: "access_denied", error_description }) };
  });
}
