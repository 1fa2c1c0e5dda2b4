import { coversAll } from "@countersign/proof/grant";
import type { z } from "zod";
import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type AgentName, type Caller, Fault } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { accepted } from "./accepted.ts";
import { activated } from "./activate-agent.ts";
import { type Agent, accessKeyOf, agentUpdate, updatedAgent } from "./agent.ts";
import { loseProof, mustAttest } from "./attest-again.ts";
import { requireAdministrator } from "./authority.ts";
import { agentActivated, agentUpdated, factsOf } from "./events.ts";
import { agentOrRefuse } from "./find-agent.ts";
import { handedOver } from "./hand-over-agent.ts";
import { changedMembers } from "./record.ts";
import { refuseTakenClient, requireSound } from "./register-agent.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { setAwake } from "./store-workloads.ts";
import { writeAgent } from "./write-agent.ts";

export interface AgentUpdateSaid {
  name: AgentName;
  update: z.input<typeof agentUpdate>;
}

/**
 * Says an agent's record anew: what is absent stays, `null` takes away. Saying what stands already changes
 * nothing and is not recorded. Where its grants become narrower, its time shorter, or its class another one, what was issued before dies; where its
 * version or its model is another one, it loses all access until it has attested again.
 * @throws Fault `forbidden`; `not-found`; `invalid`; `conflict` for an agent that was decommissioned
 */
export function updateAgent(deps: RegistryDeps, caller: Caller, said: AgentUpdateSaid): Promise<Agent> {
  return perform(deps, caller, "agent.update", async (change) => {
    requireAdministrator(caller);
    return changeAgent(deps, change, caller, said);
  });
}

/** As `updateAgent`, within a change that does more besides. Whoever calls it has decided that it may. */
export async function changeAgent(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  { name, update: attackerUpdate }: AgentUpdateSaid,
): Promise<Agent> {
  const before = await agentOrRefuse(deps, name);
  const said = updatedAgent(before, accepted(`agent ${name}`, agentUpdate, attackerUpdate));
  const changed = changedMembers(before, said);
  if (changed.length === 0) return before;
  if (before.status === "decommissioned") throw isOver(name);
  // What was issued or delegated under another class would outlive a block of this one.
  const moved = said.class !== before.class;
  const narrowed = !coversAll(said.grants, before.grants) || endsSooner(before, said) || moved;
  const redeclared = changed.filter((member) => ATTESTED.has(member));
  const proven = redeclared.length === 0 ? said : mustAttest(said, deps.clock.now());
  const started = proven.client !== undefined && WAITS.has(proven.status);
  const standing = started ? activated(proven) : proven;
  const owned = standing.owner === before.owner ? standing : handedOver(standing, before.owner, caller);
  const after = {
    ...owned,
    epoch: narrowed ? before.epoch + 1 : owned.epoch,
    access: moved ? before.access + 1 : owned.access,
  };
  await refuseTakenClient(deps, after);
  await requireSound(deps, change, after);
  const written = writeAgent(deps, change, before, after);
  if (started) setAwake(change, after, deps.clock.now());
  if (narrowed) revoke(deps, change, caller, [`agent:${name}#${before.epoch}`], "agent narrowed");
  if (moved) revoke(deps, change, caller, [accessKeyOf(before)], "agent of another class");
  const about = { agent: name, person: after.owner };
  const purpose = changed.includes("purpose")
    ? conceal(deps, change, "installation", after.purpose)
    : undefined;
  if (redeclared.length > 0)
    await loseProof(deps, change, caller, before, `${redeclared.join(" and ")} changed`);
  append(change, agentUpdated(deps, caller, about, { ...factsOf(after, purpose), changed, narrowed }));
  if (started) append(change, agentActivated(deps, caller, about, {}));
  const awake = started ? { lastActive: deps.clock.now() } : {};
  return { ...written, ...awake };
}

/** What was issued before would outlast it. */
const endsSooner = (before: Agent, { expires = Number.POSITIVE_INFINITY }: Agent): boolean =>
  expires < (before.expires ?? Number.POSITIVE_INFINITY);

/** What an agent is made of: evidence shows these, and evidence for others does not show them. */
const ATTESTED: ReadonlySet<string> = new Set(["model", "version"]);

/** Whoever people can start waits for no process of its own. */
const WAITS: ReadonlySet<string> = new Set(["registered", "unattested"]);

const isOver = (name: AgentName): Fault =>
  new Fault("conflict", `The agent ${name} is decommissioned and does not change any more.`, {
    remedy: "Register a new agent under another name.",
  });
