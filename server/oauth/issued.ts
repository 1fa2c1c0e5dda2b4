import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import type { AccessTokenClaims } from "@countersign/proof/token";
import type { z } from "zod";
import { conceal } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { agentsOf, leafOf } from "../delegation/index.ts";
import { authorityOf } from "./authority.ts";
import { observedIn } from "./called.ts";
import type { grantedFact, tokenIssued } from "./events.ts";
import type { Granted, Mandate } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** All that an auditor needs of a token; arguments as commitments, because values may be personal. */
export function issuedBody(
  deps: OauthDeps,
  change: Change,
  claims: AccessTokenClaims,
  mandate: Mandate,
): z.input<typeof tokenIssued.body> {
  const { chain } = mandate;
  return {
    jti: claims.jti,
    audience: claims.aud,
    client: claims.client_id,
    key: claims.cnf.jkt ?? claims.cnf["x5t#S256"],
    strength: claims.strength,
    expires: claims.exp,
    authority: authorityOf(
      chain,
      mandate.granted.map(({ allow }) => allow),
    ),
    granted: mandate.granted.map((granted) => factOf(deps, change, granted, mandate)),
    ...(chain === undefined
      ? {}
      : {
          edge: leafOf(chain).edge,
          chain: agentsOf(chain),
          chain_hash: chain.hash,
          ...(chain.consent === undefined ? {} : { consent: chain.consent }),
          purpose: chain.task.purposeCommitment,
        }),
    ...(claims.wrt === undefined ? {} : { warrant: claims.wrt }),
  };
}

/** One grant as it stands in the log. */
export function factOf(
  deps: OauthDeps,
  change: Change,
  { grant, allow }: Granted,
  { chain }: Pick<Mandate, "chain">,
): z.input<typeof grantedFact> {
  const { args, ...rest } = grant;
  return {
    grant: rest satisfies Omit<Grant, "args">,
    ...(args === undefined
      ? {}
      : { args: conceal(deps, change, chain?.person ?? "installation", args as Json) }),
    decision: allow.decision,
    verdict: allow.verdict,
    policies: [...allow.policies],
    policy_version: allow.policyVersion,
    obligations: allow.obligations.map(({ kind, value, policy }) => ({ kind, value, policy })),
    receipts: [...allow.receipts],
    ...(allow.approval === undefined ? {} : { approval: allow.approval }),
    ...(allow.observed === undefined ? {} : { observed: observedIn(allow.observed) }),
  };
}
