import { perform } from "../audit/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import { personDeparted } from "./events.ts";
import { orphanAgents } from "./orphan-agents.ts";
import type { Person } from "./person.ts";
import { changePersonWithin } from "./person-transition.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/**
 * Records that a person left: as suspended, and for good. The agents that she answered for are orphans from then on.
 * @throws Fault `forbidden`; `not-found`; `conflict` when her state does not allow it
 */
export const departPerson = (deps: RegistryDeps, caller: Caller, { id }: { id: PersonId }): Promise<Person> =>
  perform(deps, caller, "person.depart", async (change) => {
    const switched = { transition: "depart", event: personDeparted } as const;
    const person = await changePersonWithin(deps, change, caller, id, switched);
    await orphanAgents(deps, change, caller, id);
    return person;
  });
