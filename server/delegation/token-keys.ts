import { maximumRevocationKeys } from "@countersign/proof/token";
import { Fault } from "../lib/index.ts";
import { type Agent, isAccessKey } from "../registry/index.ts";
import { type Chain, deadKeysOfChain } from "./chain.ts";
import type { LivingChain } from "./chain-of.ts";
import { aboutTask } from "./task.ts";

/** Left for what is a client's own: the token, its key and copy, who vouches for it, policies. */
const OWN = 14;

/** As much as may rest on a chain, and on what is registered under one: a token carries it and what is its own. */
const MOST = maximumRevocationKeys - OWN;

/** What a chain brings into every token by it, as dead keys; whoever carries an agent's epoch needs not its access. */
export const tokenKeysOf = (
  chain: Chain & Pick<LivingChain, "principal">,
  agents: readonly Pick<Agent, "name" | "epoch" | "under">[],
): string[] => [
  ...deadKeysOfChain(chain).filter((key) => !isAccessKey(key)),
  ...(chain.principal === undefined ? [] : [`person:${chain.person}#${chain.principal.epoch}`]),
  ...agents.flatMap(({ name, epoch, under = [] }) => [`agent:${name}#${epoch}`, ...under]),
];

/**
 * Lets only as much rest on a chain as a token by it can carry, before anybody holds what is worth nothing.
 * @throws Fault `denied`
 */
export function requireCarried({ task }: Pick<Chain, "task">, keys: readonly string[]): void {
  const count = new Set(keys).size;
  if (count <= MOST) return;
  throw new Fault("denied", "This would rest on more than one token can carry.", {
    remedy: "Use a shorter chain.",
    record: { about: aboutTask(task), keys: count },
  });
}
