import type { PersonId } from "../lib/index.ts";
import { findPerson } from "../registry/index.ts";
import type { LoginDeps } from "./login-deps.ts";
import { holdersOf } from "./store-sessions.ts";

/** More than this nobody has; a command that looks at them all still ends. */
const MOST = 1_000;

/** Who holds the role of an administrator, and who of them can use it. */
export interface Administrators {
  readonly holders: readonly PersonId[];
  readonly active: readonly PersonId[];
}

export async function administratorsNow(deps: LoginDeps): Promise<Administrators> {
  const holders = await holdersOf(deps.database, "administrator", MOST);
  const people = await Promise.all(holders.map((id) => findPerson(deps, id)));
  return { holders, active: people.flatMap((person) => (person?.status === "active" ? person.id : [])) };
}
