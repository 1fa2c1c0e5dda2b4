import type { z } from "zod";
import { agentsOf, type LivingChain, leafOf } from "../delegation/index.ts";
import type { Allow } from "../lib/index.ts";
import type { DecidedCall } from "./decide-call.ts";
import type { toolCalled } from "./events.ts";
import type { IssuedToken } from "./store.ts";

type Body = z.input<typeof toolCalled.body>;

/** What policies would have said, had they not only been observed. */
export const observedIn = ({ verdict, reasons }: NonNullable<Allow<"call">["observed"]>) => ({
  verdict,
  reasons: [...reasons],
});

/** All that an auditor needs of a call; its arguments as a commitment. */
export function calledBody(
  token: IssuedToken,
  chain: LivingChain | undefined,
  { allow, tool }: DecidedCall,
  facts: Pick<Body, "action" | "service" | "args" | "authority" | "use" | "of" | "plan_step">,
): Body {
  return {
    ...facts,
    tool: tool.identifier,
    labels: [...tool.labels],
    ...(tool.data === undefined ? {} : { data: [...tool.data] }),
    ...(tool.untrusted === undefined ? {} : { untrusted: true }),
    resource: token.audience,
    instance: token.instance,
    strength: token.strength,
    jti: token.jti,
    decision: allow.decision,
    policies: [...allow.policies],
    policy_version: allow.policyVersion,
    receipts: [...allow.receipts],
    ...(allow.obligations.length === 0
      ? {}
      : { obligations: allow.obligations.map(({ kind, value }) => `${kind}: ${value}`) }),
    ...(allow.approval === undefined ? {} : { approval: allow.approval }),
    ...(allow.observed === undefined ? {} : { observed: observedIn(allow.observed) }),
    ...(chain === undefined
      ? {}
      : {
          edge: leafOf(chain).edge,
          chain: agentsOf(chain),
          chain_hash: chain.hash,
          ...(chain.consent === undefined ? {} : { consent: chain.consent }),
        }),
  };
}
