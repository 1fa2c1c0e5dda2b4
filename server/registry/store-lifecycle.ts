import type { Change, Database } from "../database/index.ts";
import type { AgentName, PersonId } from "../lib/index.ts";
import type { Agent } from "./agent.ts";
import type { AgentStatus } from "./lifecycle.ts";
import type { RegistryTables } from "./tables.ts";

const agents = (database: Database) => database.tables<RegistryTables>().selectFrom("agent").select("name");

/**
 * The names of active agents that have been silent for too long at `now`: by the span of their own, else by the
 * server's. At most `limit`, by an index each.
 */
export async function silentAgents(
  database: Database,
  now: number,
  byDefault: number | undefined,
  limit: number,
): Promise<AgentName[]> {
  const active = agents(database).where("status", "=", "active");
  const own = await active.where("dormant_at", "<=", now).orderBy("dormant_at").limit(limit).execute();
  const room = limit - own.length;
  if (byDefault === undefined || room === 0) return own.map(({ name }) => name);
  const without = active.where("dormant_after", "is", null);
  const spoke = without
    .where("last_active", "<=", now - byDefault)
    .orderBy("last_active")
    .limit(room);
  const never = without
    .where("last_active", "is", null)
    .where("created", "<=", now - byDefault)
    .limit(room);
  const rest = [...(await spoke.execute()), ...(await never.execute())].slice(0, room);
  return [...own, ...rest].map(({ name }) => name);
}

/** Guards that the agent has not spoken since it was read. */
export function requireStillSilent(change: Change, { name, lastActive }: Agent): void {
  const same = change.tables<RegistryTables>().selectFrom("agent").select("name").where("name", "=", name);
  change.require(
    lastActive === undefined
      ? same.where("last_active", "is", null)
      : same.where("last_active", "=", lastActive),
  );
}

/** In which states an agent has something to lose. */
const STANDING: readonly AgentStatus[] = ["registered", "active", "dormant", "unattested"];

/** The names of orphans whose grace is over at `now` and that are not suspended yet, at most `limit`. */
export async function orphansPastGrace(database: Database, now: number, limit: number): Promise<AgentName[]> {
  const over = agents(database).where("status", "in", STANDING).where("grace_ends", "<=", now);
  return (await over.limit(limit).execute()).map(({ name }) => name);
}

/** The agents that a person answers for and that are not decommissioned. */
export const ownedAgents = (
  database: Database,
  owner: PersonId,
): Promise<{ name: AgentName; watch: string | null; givers: string | null }[]> =>
  agents(database)
    .select(["watch", "given_away_by as givers"])
    .where("owner", "=", owner)
    .where("status", "!=", "decommissioned")
    .orderBy("name")
    .execute();

/** Marks all of a person's agents as orphans: as many as were read, or the verb decides again. */
export function setOrphaned(
  change: Change,
  owner: PersonId,
  { since, graceEnds, count }: { since: number; graceEnds: number; count: number },
): void {
  const update = change.tables<RegistryTables>().updateTable("agent");
  const orphaned = update.set(({ ref, eb }) => ({
    orphaned_since: since,
    grace_ends: graceEnds,
    revision: eb(ref("revision"), "+", 1),
  }));
  change.add(orphaned.where("owner", "=", owner).where("status", "!=", "decommissioned"), { rows: count });
}

/** A person's agents that the same people gave away before, as they go to another; `givers` as JSON. */
interface Given {
  readonly from: PersonId;
  readonly to: PersonId;
  readonly before: string | null;
  readonly givers: string | null;
  readonly count: number;
}

/** Gives these agents of a person's to another: as many as were read, or the verb decides again. */
export function setOwner(change: Change, { from, to, before, givers, count }: Given): void {
  const update = change.tables<RegistryTables>().updateTable("agent");
  const given = update.set(({ ref, eb }) => ({
    owner: to,
    orphaned_since: null,
    grace_ends: null,
    given_away_by: givers,
    revision: eb(ref("revision"), "+", 1),
  }));
  const standing = given.where("owner", "=", from).where("status", "!=", "decommissioned");
  change.add(standing.where("given_away_by", before === null ? "is" : "=", before), { rows: count });
}

/** The services that a person answers for. */
export async function ownedServices(database: Database, owner: PersonId): Promise<string[]> {
  const services = database.tables<RegistryTables>().selectFrom("service").select("id");
  return (await services.where("owner", "=", owner).orderBy("id").execute()).map(({ id }) => id);
}

/** As `setOwner`, for services. */
export function setServiceOwner(
  change: Change,
  { from, to, count }: { from: PersonId; to: PersonId; count: number },
): void {
  const update = change.tables<RegistryTables>().updateTable("service");
  const given = update.set(({ ref, eb }) => ({ owner: to, revision: eb(ref("revision"), "+", 1) }));
  change.add(given.where("owner", "=", from), { rows: count });
}
