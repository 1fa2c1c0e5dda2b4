import type { Kysely } from "kysely";
import { type Change, type Database, type Given, reading, writing } from "../../database/index.ts";
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
  const [row] = await processBy(database, { instance: attackerInstance });
  return row && processOf(row);
}

const processBy = reading((tables: Kysely<HostTables>, given: Given<{ instance: string }>) =>
  tables.selectFrom("attested_process").selectAll().where("instance", "=", given("instance")),
);

/** Whoever has an SVID for this key, or had one that may live yet. */
export async function processWithKey(
  database: Database,
  thumbprint: string,
): Promise<AttestedProcess | undefined> {
  const [row] = await processByKey(database, { thumbprint });
  return row && processOf(row);
}

const processByKey = reading((tables: Kysely<HostTables>, given: Given<{ thumbprint: string }>) => {
  const all = () => tables.selectFrom("attested_process").selectAll();
  const had = all().where("earlier", "=", given("thumbprint"));
  return all().where("thumbprint", "=", given("thumbprint")).unionAll(had);
});

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
  change.add(inserted(change, rowOf(process)));
}

type ProcessRow = HostTables["attested_process"];

const inserted = writing((tables: Kysely<HostTables>, given: Given<ProcessRow>) =>
  tables.insertInto("attested_process").values({
    instance: given("instance"),
    host: given("host"),
    entry: given("entry"),
    pid: given("pid"),
    started: given("started"),
    thumbprint: given("thumbprint"),
    earlier: given("earlier"),
    evidence: given("evidence"),
    expires: given("expires"),
  }),
);

/** Replaces exactly the record that was read. */
export function replaceProcess(change: Change, before: AttestedProcess, after: AttestedProcess): void {
  const was = { instance: before.instance, key: before.thumbprint, proof: before.evidence };
  change.add(replaced(change, { ...rowOf(after), ...was }));
}

const replaced = writing(
  (tables: Kysely<HostTables>, given: Given<ProcessRow & { key: string; proof: string }>) =>
    tables
      .updateTable("attested_process")
      .set({
        thumbprint: given("thumbprint"),
        earlier: given("earlier"),
        evidence: given("evidence"),
        expires: given("expires"),
      })
      .where("instance", "=", given("instance"))
      .where("thumbprint", "=", given("key"))
      .where("evidence", "=", given("proof")),
);

/** Deletes the records of processes whose SVIDs expired before then, and of copies within processes that are gone. */
export function deleteProcesses(change: Change, expiredBy: number): void {
  const tables = change.tables<HostTables>();
  change.add(tables.deleteFrom("attested_process").where("expires", "<=", expiredBy), { rows: "any" });
  const copies = tables
    .deleteFrom("vouched_copy")
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("attested_process")
            .select("attested_process.pid")
            .whereRef("attested_process.instance", "=", "vouched_copy.voucher"),
        ),
      ),
    );
  change.add(copies, { rows: "any" });
}

/** Who vouches for a copy, and by which entry of its agent. */
export async function vouchedCopy(
  database: Database,
  instance: string,
): Promise<HostTables["vouched_copy"] | undefined> {
  const copies = database.tables<HostTables>().selectFrom("vouched_copy").selectAll();
  return copies.where("instance", "=", instance).executeTakeFirst();
}

export async function copiesVouchedBy(database: Database, voucher: string): Promise<string[]> {
  const copies = database.tables<HostTables>().selectFrom("vouched_copy").select("instance");
  return (await copies.where("voucher", "=", voucher).execute()).map(({ instance }) => instance);
}

export function insertVouchedCopy(change: Change, row: HostTables["vouched_copy"]): void {
  change.add(change.tables<HostTables>().insertInto("vouched_copy").values(row));
}
