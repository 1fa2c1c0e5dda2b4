import type { Change, Database } from "../../database/index.ts";
import type { Id } from "../../lib/index.ts";
import type { ArtifactTables } from "../artifacts/tables-artifacts.ts";
import type { Cluster } from "./cluster.ts";

const clusterOf = (row: ArtifactTables["admission_cluster"]): Cluster => ({
  ...row,
  id: row.id as Id<"cluster">,
});

const clusters = (database: Database) =>
  database.tables<ArtifactTables>().selectFrom("admission_cluster").selectAll();

export async function clusterNamed(database: Database, attackerName: string): Promise<Cluster | undefined> {
  const row = await clusters(database).where("name", "=", attackerName).executeTakeFirst();
  return row && clusterOf(row);
}

export async function clusterByHash(database: Database, hash: string): Promise<Cluster | undefined> {
  const row = await clusters(database).where("hash", "=", hash).executeTakeFirst();
  return row && clusterOf(row);
}

export async function clustersAfter(
  database: Database,
  { after = "", limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Cluster[]> {
  const page = clusters(database).where("name", ">", after).orderBy("name").limit(limit);
  return (await page.execute()).map(clusterOf);
}

export function insertCluster(change: Change, cluster: Cluster): void {
  change.add(change.tables<ArtifactTables>().insertInto("admission_cluster").values(cluster));
}

/** Replaces exactly the record that was read. */
export function replaceCluster(change: Change, before: Cluster, after: Cluster): void {
  const update = change.tables<ArtifactTables>().updateTable("admission_cluster").set(after);
  change.add(update.where("id", "=", before.id).where("revision", "=", before.revision));
}

export function deleteCluster(change: Change, { id, revision }: Cluster): void {
  const gone = change.tables<ArtifactTables>().deleteFrom("admission_cluster");
  change.add(gone.where("id", "=", id).where("revision", "=", revision));
}
