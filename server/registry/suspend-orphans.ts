import { append, perform } from "../audit/index.ts";
import { type AgentName, system } from "../lib/index.ts";
import { switchAccess } from "./agent-transition.ts";
import { agentSuspended } from "./events.ts";
import { agentOrRefuse } from "./find-agent.ts";
import { standingOf } from "./lifecycle.ts";
import { byPages } from "./page.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { orphansPastGrace } from "./store-lifecycle.ts";

const AT_ONCE = 100;

/**
 * Suspends orphans whose grace is over. They have lost their access already, at that very moment; this ends what
 * was issued to them before, and writes it down. Run it every minute or so; several servers may.
 * @returns how many were found
 */
export const suspendOrphans = (deps: RegistryDeps): Promise<number> =>
  byPages(
    () => orphansPastGrace(deps.database, deps.clock.now(), AT_ONCE),
    (name) => suspendOrphan(deps, name),
    AT_ONCE,
  );

const suspendOrphan = (deps: RegistryDeps, name: AgentName): Promise<void> =>
  perform(deps, system, "agent.suspend", async (change) => {
    const before = await agentOrRefuse(deps, name);
    const { graceEnds, status } = before;
    if (standingOf({ status, ...(graceEnds && { graceEnds }) }, deps.clock.now()) !== "orphaned") return;
    const { epoch, owner } = switchAccess(deps, change, system, before, "suspend");
    const about = { agent: name, person: owner };
    append(change, agentSuspended(deps, system, about, { epoch, why: "nobody answers for it" }));
  });
