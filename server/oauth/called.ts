import type { z } from "zod";
import { agentsOf, type LivingChain, leafOf } from "../delegation/index.ts";
import type { toolCalled } from "./events.ts";
import type { Granted } from "./mandate.ts";
import type { IssuedToken } from "./store.ts";

type Body = z.input<typeof toolCalled.body>;

/** All that an auditor needs of a call; its arguments as a commitment. */
export function calledBody(
  token: IssuedToken,
  chain: LivingChain | undefined,
  { allow }: Granted,
  facts: Pick<Body, "action" | "tool" | "service" | "args" | "authority" | "use" | "of"> & {
    readonly labels: readonly string[];
  },
): Body {
  return {
    ...facts,
    labels: [...facts.labels],
    resource: token.audience,
    instance: token.instance,
    strength: token.strength,
    jti: token.jti,
    decision: allow.decision,
    policies: [...allow.policies],
    policy_version: allow.policyVersion,
    receipts: [...allow.receipts],
    ...(allow.approval === undefined ? {} : { approval: allow.approval }),
    ...(chain === undefined
      ? {}
      : {
          edge: leafOf(chain).edge,
          chain: agentsOf(chain),
          chain_hash: chain.hash,
          consent: chain.consent,
        }),
  };
}
