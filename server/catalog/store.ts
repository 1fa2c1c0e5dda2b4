import type { Kysely } from "kysely";
import {
  type Change,
  type Database,
  type Given,
  keeping,
  type Migration,
  perRow,
} from "../database/index.ts";
import type { Page } from "../registry/index.ts";
import type { Releasable } from "./release.ts";
import type { Server } from "./server.ts";
import { type Tool, toolOf } from "./tool.ts";

/** The catalog's tables. */
export interface CatalogTables {
  server: {
    id: string;
    resource: string;
    team: string | null;
    environment: string | null;
    region: string | null;
    /** A list of names; absent: everything is released. */
    release: string | null;
    /** 0 where it takes no delegated tokens. */
    delegated: number | null;
  };
  tool: {
    /** `server/name`. */
    identifier: string;
    server: string;
    name: string;
    description: string;
    labels: string;
    input_schema: string;
    digest: string;
    /** What a definition may say besides: `data`, `untrusted`, `amount`, `facts`. Absent: none of it. */
    besides: string | null;
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
  {
    name: "catalog/0002-circumstances",
    async up(schema, types) {
      await schema.alterTable("server").addColumn("environment", types.text).execute();
      await schema.alterTable("server").addColumn("region", types.text).execute();
      await schema.alterTable("tool").addColumn("besides", types.json).execute();
    },
  },
  {
    name: "catalog/0003-release",
    async up(schema, types) {
      await schema.alterTable("server").addColumn("release", types.json).execute();
      await schema.alterTable("server").addColumn("delegated", types.integer).execute();
    },
  },
];

const serverOf = perRow(
  ({ id, resource, release, delegated, ...row }: CatalogTables["server"]): Server => ({
    ...{ id, resource },
    ...(release === null ? {} : { release: JSON.parse(release) as Releasable[] }),
    ...(delegated === null ? {} : { delegated: delegated === 1 }),
    ...(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Partial<Server>),
  }),
);

/** Absent members are null in a row. */
const rowOfServer = ({ id, resource, ...said }: Server): CatalogTables["server"] => ({
  ...{ id, resource },
  team: said.team ?? null,
  environment: said.environment ?? null,
  region: said.region ?? null,
  release: said.release === undefined ? null : JSON.stringify(said.release),
  delegated: said.delegated === undefined ? null : Number(said.delegated),
});

/** The pin is computed anew from what is stored, so a row that was tampered with is another definition. */
const toolFrom = perRow(
  (row: CatalogTables["tool"]): Tool =>
    toolOf({
      server: row.server,
      name: row.name,
      description: row.description,
      labels: JSON.parse(row.labels),
      inputSchema: JSON.parse(row.input_schema),
      ...(row.besides === null ? {} : JSON.parse(row.besides)),
    }),
);

const rowOf = ({
  identifier,
  server,
  name,
  description,
  labels,
  inputSchema,
  digest,
  ...besides
}: Tool): CatalogTables["tool"] => ({
  ...{ identifier, server, name, description, digest },
  labels: JSON.stringify(labels),
  input_schema: JSON.stringify(inputSchema),
  besides: Object.keys(besides).length === 0 ? null : JSON.stringify(besides),
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

/** What was found out with the catalog at this version must still hold when the change commits. */
export function requireVersion(change: Change, version: number): void {
  const heads = change.tables<CatalogTables>().selectFrom("catalog_head").select("version");
  const stands = heads.where("name", "=", HEAD).where("version", "=", version);
  const none = change
    .tables<CatalogTables>()
    .selectNoFrom(({ lit }) => lit(1).as("none"))
    .where(({ not, exists }) => not(exists(heads.where("name", "=", HEAD))));
  change.require(version === 0 ? none : stands);
}

export async function readVersion(database: Database): Promise<number> {
  return (await catalogHead(database, {}))[0]?.version ?? 0;
}

const catalogHead = keeping((tables: Kysely<CatalogTables>) =>
  tables.selectFrom("catalog_head").select("version").where("name", "=", HEAD),
);

export function insertServer(change: Change, server: Server): void {
  change.add(change.tables<CatalogTables>().insertInto("server").values(rowOfServer(server)));
}

/** Replaces a server's record, if it is still the one that was read. */
export function replaceServer(change: Change, before: Server, after: Server): void {
  const update = change.tables<CatalogTables>().updateTable("server").set(rowOfServer(after));
  change.add(update.where("id", "=", before.id).where("resource", "=", before.resource));
}

export async function serverBy(
  database: Database,
  key: "id" | "resource",
  value: string,
): Promise<Server | undefined> {
  const [row] = await serverWhere[key](database, { value });
  return row && serverOf(row);
}

const oneServerBy = (key: "id" | "resource") =>
  keeping((tables: Kysely<CatalogTables>, given: Given<{ value: string }>) =>
    tables.selectFrom("server").selectAll().where(key, "=", given("value")),
  );
const serverWhere = { id: oneServerBy("id"), resource: oneServerBy("resource") };

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
  const [row] = await toolBy(database, { identifier });
  return row && toolFrom(row);
}

const toolBy = keeping((tables: Kysely<CatalogTables>, given: Given<{ identifier: string }>) =>
  tables.selectFrom("tool").selectAll().where("identifier", "=", given("identifier")),
);

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
