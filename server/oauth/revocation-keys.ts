import type { LivingChain } from "../delegation/index.ts";
import { deadKeysOfChain } from "../delegation/index.ts";
import type { Id } from "../lib/index.ts";
import { policyKey } from "../policy/index.ts";
import { type Agent, deadKeysOf } from "../registry/index.ts";
import type { BoundClient } from "./client.ts";
import type { Granted } from "./mandate.ts";

/**
 * All that kills a token, as its `rev` claim: itself, its key and instance, its agent or service, whoever
 * vouches for it, and for a
 * delegated one everybody and everything in the chain, and the activation of policies that its grants were
 * decided by. What can be lifted carries the epoch that it ends.
 */
export function revocationKeys(
  jti: Id<"jti">,
  client: BoundClient,
  chain: LivingChain | undefined,
  granted: readonly Granted[],
): string[] {
  const delegated =
    chain === undefined
      ? []
      : [
          ...chain.agents.flatMap(agentKeys),
          `person:${chain.person}#${chain.principal.epoch}`,
          ...deadKeysOfChain(chain),
        ];
  const decided = granted.map(({ allow }) => policyKey(allow.activation));
  const own = [`jti:${jti}`, ...keysOfClient(client)];
  return [...new Set([...own, ...delegated, ...decided])];
}

/** All that ends a client: its key and instance, its agent or service, whoever was taken at its word about it. */
export const keysOfClient = (client: BoundClient): string[] => [
  ...deadKeysOf(client.instance),
  ...principalKeys(client),
  ...client.rev,
];

function principalKeys({ principal }: BoundClient): string[] {
  if (principal.kind === "agent") return agentKeys(principal.agent);
  const { id, epoch } = principal.service;
  return [`service:${id}#${epoch}`, `service:${id}`];
}

const agentKeys = ({ name, epoch }: Agent): string[] => [`agent:${name}#${epoch}`, `agent:${name}`];
