import type { Change, Database } from "../database/index.ts";
import type { AgentName } from "../lib/index.ts";
import type { FederationTables } from "./tables-federation.ts";

/** The audiences that an agent may show an identity token to. Moves on by revision; none before the first. */
export interface Federation {
  readonly agent: AgentName;
  readonly audiences: readonly string[];
  readonly revision: number;
}

/** One row for each agent, replaced whole: two administrators at once never make the union of their lists. */
export async function findFederation(database: Database, agent: AgentName): Promise<Federation> {
  const rows = database.tables<FederationTables>().selectFrom("federation").selectAll();
  const row = await rows.where("agent", "=", agent).executeTakeFirst();
  if (row === undefined) return { agent, audiences: [], revision: 0 };
  return { agent, audiences: JSON.parse(row.audiences) as string[], revision: row.revision };
}

/** Only from the state that was read, which is `before`. */
export function putFederation(change: Change, before: Federation, audiences: readonly string[]): void {
  const tables = change.tables<FederationTables>();
  const { agent, revision } = before;
  const row = { audiences: JSON.stringify(audiences), revision: revision + 1 };
  if (revision === 0) {
    change.add(tables.insertInto("federation").values({ agent, ...row }));
    return;
  }
  const update = tables.updateTable("federation").set(row).where("agent", "=", agent);
  change.add(update.where("revision", "=", revision), { rows: 1 });
}

/** A guard: the list is still the one that was read. */
export function requireFederation(change: Change, { agent, revision }: Federation): void {
  const rows = change.tables<FederationTables>().selectFrom("federation").select("agent");
  change.require(rows.where("agent", "=", agent).where("revision", "=", revision));
}
