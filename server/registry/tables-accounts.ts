import type { ColumnTypes, Migration } from "../database/index.ts";

/** Identities elsewhere that are not ours. Times in milliseconds; `static` 0 or 1. */
export interface AccountTables {
  account: {
    id: string;
    kind: string;
    system: string;
    place: string;
    name: string;
    owner: string | null;
    privilege: string;
    sensitivity: string;
    scope: string | null;
    environment: string | null;
    static: number;
    made: number | null;
    last_used: number | null;
    seen: number;
    state: string;
    adopted_by: string | null;
    revision: number;
  };
}

export const accountMigration: Migration = {
  name: "registry/0012-accounts",
  async up(schema, types) {
    await schema.dropTable("account").execute(); // nothing has ever written to it
    await createAccounts(schema, types);
    for (const column of ["owner", "kind", "state", "adopted_by"])
      await schema.createIndex(`account_${column}`).on("account").columns([column, "id"]).execute();
  },
};

const createAccounts = (schema: Parameters<Migration["up"]>[0], types: ColumnTypes): Promise<void> =>
  schema
    .createTable("account")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("system", types.text, (column) => column.notNull())
    .addColumn("place", types.text, (column) => column.notNull())
    .addColumn("name", types.text, (column) => column.notNull())
    .addColumn("owner", types.text)
    .addColumn("privilege", types.text, (column) => column.notNull())
    .addColumn("sensitivity", types.text, (column) => column.notNull())
    .addColumn("scope", types.text)
    .addColumn("environment", types.text)
    .addColumn("static", types.integer, (column) => column.notNull())
    .addColumn("made", types.instant)
    .addColumn("last_used", types.instant)
    .addColumn("seen", types.instant, (column) => column.notNull())
    .addColumn("state", types.text, (column) => column.notNull())
    .addColumn("adopted_by", types.text)
    .addColumn("revision", types.integer, (column) => column.notNull())
    .addUniqueConstraint("account_where", ["system", "place", "name"])
    .execute();
