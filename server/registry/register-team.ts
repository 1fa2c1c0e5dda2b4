import type { z } from "zod";
import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { requireAdministrator } from "./authority.ts";
import { teamRegistered } from "./events.ts";
import { alivePerson, requireActivePerson } from "./find-person.ts";
import { changedMembers } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { insertTeam, replaceTeam, teamNamed } from "./store-people.ts";
import { type Team, teamRegistration } from "./team.ts";

/** A team as said, before defaults. */
export type TeamSaid = z.input<typeof teamRegistration>;

/**
 * Registers a team, or says its record anew. Saying what stands already changes nothing.
 * @throws Fault `forbidden`; `invalid`; `not-found` when its lead is nobody we know
 */
export function registerTeam(deps: RegistryDeps, caller: Caller, attackerTeam: TeamSaid): Promise<Team> {
  return perform(deps, caller, "team.register", async (change) => {
    requireAdministrator(caller);
    return putTeam(deps, change, caller, attackerTeam);
  });
}

/** As `registerTeam`, within a change that does more besides. */
export async function putTeam(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  attackerTeam: TeamSaid,
): Promise<Team> {
  const said = accepted("team", teamRegistration, attackerTeam);
  const before = await teamNamed(deps.database, said.name);
  if (before !== undefined && changedMembers(before, { ...before, ...said }).length === 0) return before;
  requireActivePerson(change, await alivePerson(deps, said.lead));
  const after: Team = { ...said, revision: before === undefined ? 0 : before.revision + 1 };
  if (before === undefined) insertTeam(change, after);
  else replaceTeam(change, before, after);
  const { name: team, lead, zone } = said;
  append(change, teamRegistered(deps, caller, {}, { team, lead, zone }));
  return after;
}
