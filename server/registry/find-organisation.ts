import type { DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { Group } from "./group.ts";
import type { Page } from "./page.ts";
import { groupsAfter, groupsNamed, teamNamed, teamsAfter } from "./store-people.ts";
import type { Team } from "./team.ts";

/** The group of this name, or nothing. */
export const findGroup = async (deps: DatabaseDeps, attackerName: string): Promise<Group | undefined> =>
  (await groupsNamed(deps.database, [attackerName]))[0];

/** The team of this name, or nothing. */
export const findTeam = (deps: DatabaseDeps, attackerName: string): Promise<Team | undefined> =>
  teamNamed(deps.database, attackerName);

/** A page of groups in the order of their names. */
export async function listGroups(deps: DatabaseDeps, page: Page): Promise<{ items: Group[]; next?: string }> {
  const rows = await groupsAfter(deps.database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (group) => group.name);
}

/** A page of teams in the order of their names. */
export async function listTeams(deps: DatabaseDeps, page: Page): Promise<{ items: Team[]; next?: string }> {
  const rows = await teamsAfter(deps.database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (team) => team.name);
}
