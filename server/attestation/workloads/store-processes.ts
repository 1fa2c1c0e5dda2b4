import type { Change, Database } from "../../database/index.ts";
import type { HostTables } from "../tables-hosts.ts";
import type { AttestedProcess } from "./attested-process.ts";

const processOf = ({ earlier, ...row }: HostTables["attested_process"]): AttestedProcess => ({
  ...row,
  ...(earlier === null ? {} : { earlier }),
});

const rowOf = ({ earlier, ...process }: AttestedProcess): HostTables["attested_process"] => ({
  ...process,
  earlier: earlier ?? null,
});

const processes = (database: Database) =>
  database.tables<HostTables>().selectFrom("attested_process").selectAll();

export async function processOfInstance(
  database: Database,
  attackerInstance: string,
): Promise<AttestedProcess | undefined> {
  const row = await processes(database).where("instance", "=", attackerInstance).executeTakeFirst();
  return row && processOf(row);
}

/** Whoever has an SVID for this key, or had one that may live yet. */
export async function processWithKey(
  database: Database,
  thumbprint: string,
): Promise<AttestedProcess | undefined> {
  const has = processes(database).where("thumbprint", "=", thumbprint);
  const had = processes(database).where("earlier", "=", thumbprint);
  const [row] = await has.unionAll(had).execute();
  return row && processOf(row);
}

/** Those of a machine whose SVID lives yet. */
export async function processesOnHost(
  database: Database,
  host: string,
  now: number,
): Promise<AttestedProcess[]> {
  const theirs = processes(database).where("host", "=", host).where("expires", ">", now);
  return (await theirs.orderBy("instance").execute()).map(processOf);
}

export function insertProcess(change: Change, process: AttestedProcess): void {
  change.add(change.tables<HostTables>().insertInto("attested_process").values(rowOf(process)));
}

/** Replaces exactly the record that was read. */
export function replaceProcess(change: Change, before: AttestedProcess, after: AttestedProcess): void {
  const { thumbprint, earlier = null, evidence, expires } = after;
  const update = change.tables<HostTables>().updateTable("attested_process");
  const set = update.set({ thumbprint, earlier, evidence, expires }).where("instance", "=", before.instance);
  change.add(set.where("thumbprint", "=", before.thumbprint).where("evidence", "=", before.evidence));
}

export async function voucherOf(database: Database, instance: string): Promise<string | undefined> {
  const copies = database.tables<HostTables>().selectFrom("vouched_copy").select("voucher");
  return (await copies.where("instance", "=", instance).executeTakeFirst())?.voucher;
}

export async function copiesVouchedBy(database: Database, voucher: string): Promise<string[]> {
  const copies = database.tables<HostTables>().selectFrom("vouched_copy").select("instance");
  return (await copies.where("voucher", "=", voucher).execute()).map(({ instance }) => instance);
}

export function insertVouchedCopy(change: Change, row: HostTables["vouched_copy"]): void {
  change.add(change.tables<HostTables>().insertInto("vouched_copy").values(row));
}
