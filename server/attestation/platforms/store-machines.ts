import type { Change, Database } from "../../database/index.ts";
import type { MachineTrust, MachineType } from "./machine-trust.ts";
import type { PlatformTables } from "./tables-platforms.ts";

/** What is kept of a kind of evidence: what was said without its secrets, and these, sealed. */
export interface KeptTrust {
  readonly type: MachineType;
  readonly definition: MachineTrust;
  readonly sealed: Uint8Array | null;
  readonly revision: number;
}

export async function trustKept(database: Database, type: MachineType): Promise<KeptTrust | undefined> {
  const rows = database.tables<PlatformTables>().selectFrom("machine_trust").selectAll();
  const row = await rows.where("type", "=", type).executeTakeFirst();
  return row && { ...row, type, definition: JSON.parse(row.definition) as MachineTrust };
}

export async function allTrustKept(database: Database): Promise<KeptTrust[]> {
  const rows = database.tables<PlatformTables>().selectFrom("machine_trust").selectAll();
  return (await rows.orderBy("type").execute()).map((row) => ({
    ...row,
    type: row.type as MachineType,
    definition: JSON.parse(row.definition) as MachineTrust,
  }));
}

/**
 * Only from the state that was read.
 * @param first the revision where nothing stands
 */
export function keepTrust(
  change: Change,
  before: KeptTrust | undefined,
  after: Omit<KeptTrust, "revision">,
  first: number,
): void {
  const tables = change.tables<PlatformTables>();
  const row = { definition: JSON.stringify(after.definition), sealed: after.sealed };
  if (before === undefined) {
    change.add(tables.insertInto("machine_trust").values({ ...row, type: after.type, revision: first }));
    return;
  }
  const { type, revision } = before;
  const update = tables.updateTable("machine_trust").set({ ...row, revision: revision + 1 });
  change.add(update.where("type", "=", type).where("revision", "=", revision), { rows: 1 });
}

export function forgetTrust(change: Change, { type, revision }: KeptTrust): void {
  const rows = change.tables<PlatformTables>().deleteFrom("machine_trust").where("type", "=", type);
  change.add(rows.where("revision", "=", revision), { rows: 1 });
}

/** Guards that it stands as it was read. */
export function requireTrust(change: Change, { type, revision }: Pick<KeptTrust, "type" | "revision">): void {
  const rows = change.tables<PlatformTables>().selectFrom("machine_trust").select("type");
  change.require(rows.where("type", "=", type).where("revision", "=", revision));
}
