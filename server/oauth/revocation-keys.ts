import { maximumRevocationKeys } from "@countersign/proof/token";
import type { LivingChain } from "../delegation/index.ts";
import { deadKeysOfChain } from "../delegation/index.ts";
import { Fault, type Id } from "../lib/index.ts";
import { policyKey } from "../policy/index.ts";
import { type Agent, blockedKindsOf, deadKeysOf, isAccessKey } from "../registry/index.ts";
import { openKeys } from "../revocation/index.ts";
import type { BoundClient } from "./client.ts";
import type { Mandate } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** As many as a token may carry, with one more for the key that signs it. @see proof/token/claims.ts */
const MOST_KEYS = maximumRevocationKeys - 1;

/**
 * All that kills a token, as its `rev` claim: itself, its key and instance, its agent or service, whoever vouches
 * for it, their class, image and model, and for a delegated one everybody and everything in the chain, and the activation of policies
 * that its grants were decided by. What can be lifted carries the epoch that it ends.
 * @throws Fault `denied` for a class, an image or a model that is blocked, and for what rests on too much
 */
export async function revocationKeys(
  deps: OauthDeps,
  jti: Id<"jti">,
  client: BoundClient,
  { chain, granted, standing, warrant }: Pick<Mandate, "chain" | "granted" | "standing" | "warrant">,
): Promise<string[]> {
  const { principal, instance } = client;
  const agents = [...(chain?.agents ?? []), ...(principal.kind === "agent" ? [principal.agent] : [])];
  const blockable = blockedKindsOf(agents, instance);
  const keys = [
    `jti:${jti}`,
    ...keysOfClient(client),
    ...agents.flatMap(agentKeys),
    ...(await openKeys(deps, blockable)),
    ...(chain === undefined ? [] : personAndChain(chain)),
    ...granted.map(({ allow }) => policyKey(allow.activation)),
    ...(standing === undefined ? [] : [standing.key]),
    ...(warrant?.rev ?? []),
  ];
  return bounded([...new Set(keys)]);
}

const personAndChain = (chain: LivingChain): string[] => [
  ...(chain.principal === undefined ? [] : [`person:${chain.person}#${chain.principal.epoch}`]),
  ...deadKeysOfChain(chain).filter((key) => !isAccessKey(key)),
];

/** All that ends a client: its key and instance, its agent or service, whoever was taken at its word about it. */
export const keysOfClient = (client: BoundClient): string[] => [
  ...deadKeysOf(client.instance),
  ...(client.binding.cnf.jkt === undefined ? [] : [`jkt:${client.binding.cnf.jkt}`]),
  ...principalKeys(client),
  ...client.rev,
];

function principalKeys({ principal }: BoundClient): string[] {
  if (principal.kind === "agent") return agentKeys(principal.agent);
  const { id, epoch } = principal.service;
  return [`service:${id}#${epoch}`, `service:${id}`];
}

/** What an agent was registered under ends it as well. */
const agentKeys = ({ name, epoch, under = [] }: Agent): string[] => [
  `agent:${name}#${epoch}`,
  `agent:${name}`,
  ...under,
];

/** A token that could not carry all that ends it would outlive some of it. */
function bounded(keys: string[]): string[] {
  if (keys.length <= MOST_KEYS) return keys;
  throw new Fault("denied", "This rests on more than one token can carry.", {
    remedy: "Use a shorter chain, or agents that an administrator registered.",
    record: { keys: keys.length },
  });
}
