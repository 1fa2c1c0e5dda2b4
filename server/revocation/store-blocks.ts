import type { Kysely } from "kysely";
import { type Change, type Database, keepingIn, type Migration } from "../database/index.ts";

export interface BlockTables {
  /** What was blocked as a whole, ever: its row stays, since its epochs have been told. */
  revocation_block: { subject: string; epoch: number; blocked: number };
}

export const blockMigration: Migration = {
  name: "revocation/0002-blocks",
  async up(schema, types) {
    await schema
      .createTable("revocation_block")
      .addColumn("subject", types.text, (column) => column.primaryKey())
      .addColumn("epoch", types.integer, (column) => column.notNull())
      .addColumn("blocked", types.integer, (column) => column.notNull())
      .execute();
  },
};

/** How something stands that can be blocked: at epoch 0 and open until it first was. */
export interface Block {
  readonly subject: string;
  readonly epoch: number;
  readonly blocked: boolean;
}

export async function blocksOf(database: Database, subjects: readonly string[]): Promise<Block[]> {
  if (subjects.length === 0) return [];
  const rows = await blocksIn(database, [...new Set(subjects)]);
  return rows.map((row) => ({ ...row, blocked: row.blocked === 1 }));
}

const blocksIn = keepingIn((tables: Kysely<BlockTables>, subjects) =>
  tables.selectFrom("revocation_block").selectAll().where("subject", "in", subjects),
);

export async function allBlocked(database: Database): Promise<string[]> {
  const blocks = database.tables<BlockTables>().selectFrom("revocation_block").select("subject");
  return (await blocks.where("blocked", "=", 1).execute()).map(({ subject }) => subject);
}

/** Writes how it stands now, unless it has moved since it was read. */
export function putBlock(change: Change, before: Block, { subject, epoch, blocked }: Block): void {
  const tables = change.tables<BlockTables>();
  const row = { subject, epoch, blocked: blocked ? 1 : 0 };
  if (before.epoch === 0) {
    change.add(tables.insertInto("revocation_block").values(row));
    return;
  }
  const update = tables.updateTable("revocation_block").set(row).where("subject", "=", subject);
  change.add(update.where("epoch", "=", before.epoch).where("blocked", "=", before.blocked ? 1 : 0));
}
