import type { Kysely } from "kysely";
import { type Change, type Database, type Given, keeping, perRow } from "../database/index.ts";
import type { Page } from "./page.ts";
import type { RiskRecord } from "./risk.ts";
import type { RegistryTables } from "./tables.ts";

const recordOf = perRow(
  ({ parts, ...row }: RegistryTables["instance_risk"]): RiskRecord => ({
    ...row,
    parts: JSON.parse(parts),
  }),
);

/** Of two who write at once the newer observation stays. */
export function putInstanceRisk(change: Change, { parts, ...record }: RiskRecord): void {
  const row = { ...record, parts: JSON.stringify(parts) };
  const { score, at } = record;
  const insert = change.tables<RegistryTables>().insertInto("instance_risk").values(row);
  const put = insert.onConflict((conflict) =>
    conflict
      .column("instance")
      .doUpdateSet({ score, parts: row.parts, at })
      .where("instance_risk.at", "<=", at),
  );
  change.add(put, { rows: "any" });
}

export async function instanceRisk(database: Database, instance: string): Promise<RiskRecord | undefined> {
  const [row] = await riskOf(database, { instance });
  return row && recordOf(row);
}

const riskOf = keeping((tables: Kysely<RegistryTables>, given: Given<{ instance: string }>) =>
  tables.selectFrom("instance_risk").selectAll().where("instance", "=", given("instance")),
);

export async function instanceRisksAfter(
  database: Database,
  agent: string,
  { after = "", limit }: Page,
): Promise<RiskRecord[]> {
  const risks = database.tables<RegistryTables>().selectFrom("instance_risk").selectAll();
  const page = risks
    .where("agent", "=", agent)
    .where("instance", ">", after)
    .orderBy("instance")
    .limit(limit);
  return (await page.execute()).map(recordOf);
}
