import type { Change, Database, Migration } from "../database/index.ts";
import type { Page } from "../registry/index.ts";
import type { Server } from "./server.ts";
import { type Tool, toolOf } from "./tool.ts";

/** The catalog's tables. */
export interface CatalogTables {
  server: { id: string; resource: string; team: string | null };
  tool: {
    /** `server/name`. */
    identifier: string;
    server: string;
    name: string;
    description: string;
    labels: string;
    input_schema: string;
    digest: string;
  };
  /** One row: how often the catalog has changed. */
  catalog_head: { name: string; version: number };
}

const HEAD = "catalog";

export const catalogMigrations: Migration[] = [
  {
    name: "catalog/0001-tools",
    async up(schema, types) {
      await schema
        .createTable("server")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("resource", types.text, (column) => column.notNull().unique())
        .addColumn("team", types.text)
        .execute();
      await schema
        .createTable("tool")
        .addColumn("identifier", types.text, (column) => column.primaryKey())
        .addColumn("server", types.text, (column) => column.notNull())
        .addColumn("name", types.text, (column) => column.notNull())
        .addColumn("description", types.text, (column) => column.notNull())
        .addColumn("labels", types.json, (column) => column.notNull())
        .addColumn("input_schema", types.json, (column) => column.notNull())
        .addColumn("digest", types.text, (column) => column.notNull())
        .execute();
      await schema.createIndex("tool_server").on("tool").columns(["server", "identifier"]).execute();
      await schema
        .createTable("catalog_head")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("version", types.integer, (column) => column.notNull())
        .execute();
    },
  },
];

const serverOf = ({ team, ...row }: CatalogTables["server"]): Server => ({
  ...row,
  ...(team === null ? {} : { team }),
});

/** The pin is computed anew from what is stored, so a row that was tampered with is another definition. */
const toolFrom = ({ server, name, description, labels, input_schema }: CatalogTables["tool"]): Tool =>
  toolOf({ server, name, description, labels: JSON.parse(labels), inputSchema: JSON.parse(input_schema) });

const rowOf = ({
  identifier,
  server,
  name,
  description,
  labels,
  inputSchema,
  digest,
}: Tool): CatalogTables["tool"] => ({
  ...{ identifier, server, name, description, digest },
  labels: JSON.stringify(labels),
  input_schema: JSON.stringify(inputSchema),
});

/** Counts a change of the catalog, so that whoever keeps something made from it knows when it is old. */
export function raiseVersion(change: Change): void {
  const head = change.tables<CatalogTables>().insertInto("catalog_head").values({ name: HEAD, version: 1 });
  change.add(
    head.onConflict((conflict) =>
      conflict.column("name").doUpdateSet((is) => ({ version: is("catalog_head.version", "+", 1) })),
    ),
  );
  change.announce("catalog");
}

export async function readVersion(database: Database): Promise<number> {
  const heads = database.tables<CatalogTables>().selectFrom("catalog_head").select("version");
  return (await heads.where("name", "=", HEAD).executeTakeFirst())?.version ?? 0;
}

export function insertServer(change: Change, { id, resource, team }: Server): void {
  change.add(
    change
      .tables<CatalogTables>()
      .insertInto("server")
      .values({ id, resource, team: team ?? null }),
  );
}

/** Replaces a server's record, if it is still the one that was read. */
export function replaceServer(change: Change, before: Server, { resource, team }: Server): void {
  const update = change
    .tables<CatalogTables>()
    .updateTable("server")
    .set({ resource, team: team ?? null });
  change.add(update.where("id", "=", before.id).where("resource", "=", before.resource));
}

export async function serverBy(
  database: Database,
  key: "id" | "resource",
  value: string,
): Promise<Server | undefined> {
  const servers = database.tables<CatalogTables>().selectFrom("server").selectAll();
  const row = await servers.where(key, "=", value).executeTakeFirst();
  return row && serverOf(row);
}

export async function serversAfter(database: Database, { after = "", limit }: Page): Promise<Server[]> {
  const servers = database.tables<CatalogTables>().selectFrom("server").selectAll().where("id", ">", after);
  return (await servers.orderBy("id").limit(limit).execute()).map(serverOf);
}

export function insertTool(change: Change, tool: Tool): void {
  change.add(change.tables<CatalogTables>().insertInto("tool").values(rowOf(tool)));
}

/** Replaces a tool's definition, if the pinned one is still the one that was looked at. */
export function replaceTool(change: Change, before: Tool, after: Tool): void {
  const update = change.tables<CatalogTables>().updateTable("tool").set(rowOf(after));
  change.add(update.where("identifier", "=", before.identifier).where("digest", "=", before.digest));
}

export async function toolNamed(database: Database, identifier: string): Promise<Tool | undefined> {
  const tools = database.tables<CatalogTables>().selectFrom("tool").selectAll();
  const row = await tools.where("identifier", "=", identifier).executeTakeFirst();
  return row && toolFrom(row);
}

export async function toolsAfter(database: Database, { after = "", limit }: Page): Promise<Tool[]> {
  const tools = database
    .tables<CatalogTables>()
    .selectFrom("tool")
    .selectAll()
    .where("identifier", ">", after);
  return (await tools.orderBy("identifier").limit(limit).execute()).map(toolFrom);
}

/** All tools of one server; a server has as many as people pinned by hand. */
export async function toolsOfServerNamed(database: Database, server: string): Promise<Tool[]> {
  const tools = database.tables<CatalogTables>().selectFrom("tool").selectAll().where("server", "=", server);
  return (await tools.orderBy("identifier").execute()).map(toolFrom);
}
