import { z } from "zod";
import { append, perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type AgentName, type Caller, Fault, newId } from "../../lib/index.ts";
import { accepted, agentOrRefuse, requireAdministrator } from "../../registry/index.ts";
import { revoke } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { platformBound, platformUnbound } from "./events-platforms.ts";
import { type Binding, deadKeyOfBinding, factName, type Platform } from "./platform.ts";
import { presetNamed } from "./presets/index.ts";
import { hashOf } from "./put-machine-trust.ts";
import { platformOrRefuse } from "./put-platform.ts";
import { bindingsOf, deleteBinding, insertBinding, requirePlatform } from "./store-platforms.ts";
import { visible } from "./words.ts";

/** What a platform's tokens must say for it to be this agent: each exactly. */
export const bindingSaid = z.strictObject({
  claims: z.record(factName, visible(1, 1_000)).refine((claims) => Object.keys(claims).length <= 20, {
    message: "Twenty claims say enough.",
  }),
});

interface Bound {
  readonly agent: AgentName;
  readonly platform: string;
}

type RuleSaid = Bound & { readonly said: z.input<typeof bindingSaid> };

/**
 * Says what tokens of a platform must say to stand for an agent. The same again changes nothing; another rule ends
 * what rested on the one before.
 * @throws Fault `forbidden`; `not-found`; `invalid` for a rule that rests on what others can come to be called
 */
export const bindAgent = (deps: AttestationDeps, caller: Caller, rule: RuleSaid): Promise<Binding> =>
  perform(deps, caller, "platform.bind", (change) => bindWithin(deps, change, caller, rule));

/** As `bindAgent`, within a change that does more besides. */
export async function bindWithin(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { agent: name, platform: attackerPlatform, said: attackerSaid }: RuleSaid,
): Promise<Binding> {
  requireAdministrator(caller);
  const { claims } = accepted("rule", bindingSaid, attackerSaid);
  const { name: agent, owner } = await agentOrRefuse(deps, name);
  const platform = await platformOrRefuse(deps, attackerPlatform);
  requireImmutable(platform, claims);
  const [before] = await bindingsOf(deps.database, { agent, platform: platform.name });
  if (before !== undefined && hashOf(before.claims) === hashOf(claims)) return before;
  const id = newId(deps, "workload");
  const binding = { id, platform: platform.name, agent, claims, created: deps.clock.now() };
  requirePlatform(change, platform);
  if (before !== undefined) {
    deleteBinding(change, before);
    revoke(deps, change, caller, [deadKeyOfBinding(before)], "platform rule changed");
  }
  insertBinding(change, binding);
  append(change, platformBound(deps, caller, { agent, person: owner }, factsOf(binding)));
  return binding;
}

/**
 * Tokens of a platform stand for an agent no more: what they were issued is dead.
 * @throws Fault `forbidden`; `not-found`
 */
export const unbindAgent = (deps: AttestationDeps, caller: Caller, rule: Bound): Promise<void> =>
  perform(deps, caller, "platform.unbind", (change) => unbindWithin(deps, change, caller, rule));

/** As `unbindAgent`, within a change that does more besides. */
export async function unbindWithin(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { agent, platform }: Bound,
): Promise<void> {
  requireAdministrator(caller);
  const [binding] = await bindingsOf(deps.database, { agent, platform });
  if (binding === undefined)
    throw new Fault("not-found", "Tokens of this platform do not stand for this agent.", {
      remedy: "List the agent's platforms.",
    });
  deleteBinding(change, binding);
  revoke(deps, change, caller, [deadKeyOfBinding(binding)], "platform rule removed");
  append(change, platformUnbound(deps, caller, { agent }, factsOf(binding)));
}

/** The rules by which platforms' tokens stand for the agent of this name; none where there is no such agent. */
export const allBindingsOf = (
  { database }: Pick<AttestationDeps, "database">,
  agent: AgentName,
): Promise<Binding[]> => bindingsOf(database, { agent });

/** The rules of one agent. @throws Fault `not-found` */
export async function bindingsOfAgent(deps: AttestationDeps, name: AgentName): Promise<Binding[]> {
  const { name: agent } = await agentOrRefuse(deps, name);
  return bindingsOf(deps.database, { agent });
}

/** @throws Fault `invalid` for names that tokens of this kind do not say, and for names alone */
function requireImmutable({ definition: { preset } }: Platform, claims: Binding["claims"]): void {
  const { names, pins } = presetNamed(preset);
  const unknown = Object.keys(claims).find((name) => names !== undefined && !names.includes(name));
  if (unknown !== undefined)
    throw new Fault("invalid", `Nothing of ${preset} can be pinned by ${unknown}.`, {
      remedy: `Use ${(names ?? []).join(", ")}.`,
    });
  if (pins.some((all) => all.every((name) => claims[name] !== undefined))) return;
  const wanted = pins.map((all) => all.join(" and ")).join(", or ");
  throw new Fault("invalid", "This rule rests on names that somebody else can come to have.", {
    remedy: `Pin ${wanted}: these are given to nobody else. Add more to narrow it.`,
    members: { pins: pins.map((all) => [...all]) },
  });
}

const factsOf = ({ id, platform, claims }: Binding) => ({ binding: id, platform, claims: hashOf(claims) });
