import type { Grant } from "@countersign/proof/grant";
import type { Kysely, Selectable } from "kysely";
import {
  type Change,
  type Database,
  type DatabaseDeps,
  type Given,
  type HotKey,
  keeping,
  reading,
} from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { AgentName, Id, PrincipalId } from "../lib/index.ts";
import type { Delegation } from "./delegation.ts";
import type { Page, PageQuery } from "./page.ts";
import { pushHead } from "./store-heads.ts";
import type { DelegationTables } from "./tables.ts";

export function insertDelegation(change: Change, edge: Delegation): void {
  pushHead(change, heldHead(edge.to));
  change.add(
    change
      .tables<DelegationTables>()
      .insertInto("delegation")
      .values({
        id: edge.id,
        task: edge.task,
        parent: edge.parent ?? null,
        path: JSON.stringify(edge.path),
        from_principal: edge.from,
        to_agent: edge.to,
        grants: JSON.stringify(edge.grants),
        depth: edge.depth,
        expires: edge.expires,
        made_at: edge.madeAt,
        ended_at: null,
        rests: edge.rests === undefined ? null : JSON.stringify(edge.rests),
        max_depth: edge.maxDepth ?? null,
      }),
  );
  for (const [position, grant] of edge.grants.entries())
    insertCount(change, edge.id, position, grant.max_uses);
}

function insertCount(change: Change, edge: Id<"edge">, position: number, most: number | undefined): void {
  if (most === undefined) return;
  change.add(
    change
      .tables<DelegationTables>()
      .insertInto("delegation_count")
      .values({ edge, position, used: 0, most }),
  );
}

export function endDelegationRow(change: Change, edge: Id<"edge">, at: number): void {
  change.add(
    change
      .tables<DelegationTables>()
      .updateTable("delegation")
      .set({ ended_at: at })
      .where("id", "=", edge)
      .where("ended_at", "is", null),
  );
}

/** The edge must still be in force when the change commits. */
export function requireEdgeAlive(change: Change, edge: Id<"edge">): void {
  change.require(
    change
      .tables<DelegationTables>()
      .selectFrom("delegation")
      .select("id")
      .where("id", "=", edge)
      .where("ended_at", "is", null),
    "gone",
  );
}

export async function findDelegation(database: Database, id: string): Promise<Delegation | undefined> {
  const [edge] = await delegationsById(database, [id]);
  return edge;
}

/** The delegation that a task's person gave, once she has. */
export async function rootEdgeOf({ database }: DatabaseDeps, task: string): Promise<Id<"edge"> | undefined> {
  const edges = database.tables<DelegationTables>().selectFrom("delegation").select("id");
  const row = await edges.where("task", "=", task).where("depth", "=", 1).executeTakeFirst();
  return row?.id as Id<"edge"> | undefined;
}

/** These edges, root first. */
export async function delegationsById(database: Database, ids: readonly string[]): Promise<Delegation[]> {
  const rows = await database
    .tables<DelegationTables>()
    .selectFrom("delegation")
    .selectAll()
    .where("id", "in", ids)
    .orderBy("depth")
    .execute();
  return rows.map(delegationOf);
}

/** The edges of one task, or those that one agent holds. */
export async function delegationsWhere(
  database: Database,
  of: { task: string } | { to_agent: AgentName },
  page: PageQuery,
): Promise<Page<Delegation>> {
  const [[column, value]] = Object.entries(of) as [["task" | "to_agent", string]];
  const rows = await database
    .tables<DelegationTables>()
    .selectFrom("delegation")
    .selectAll()
    .where(column, "=", value)
    .where("id", ">", page.after ?? "")
    .orderBy("id")
    .limit(page.limit + 1)
    .execute();
  return cutPage(rows.map(delegationOf), page.limit, (row) => row.id);
}

/** What each of these edges rests on by itself, as dead keys. */
export async function restsOfEdges(
  database: Database,
  ids: readonly string[],
): Promise<Map<string, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const edges = database.tables<DelegationTables>().selectFrom("delegation").select(["id", "rests"]);
  const rows = await edges.where("id", "in", ids).execute();
  return new Map(rows.map(({ id, rests }) => [id, rests === null ? [] : (JSON.parse(rests) as string[])]));
}

/** Moves whenever an agent is given a delegation. */
export const heldHead = (agent: AgentName): HotKey => `held:${agent}`;

/** An edge that has not ended by itself, of a task at work. */
export type HeldEdge = Pick<Delegation, "id" | "task" | "path" | "from" | "grants" | "rests">;

/** The edges to an agent that have neither ended nor expired, of tasks at work. What they hang on is not asked. */
export async function openEdgesTo(
  database: Database,
  { agent, now, task }: { readonly agent: AgentName; readonly now: number; readonly task?: string },
  page: PageQuery,
): Promise<Page<HeldEdge>> {
  const asked = { agent, now, after: page.after ?? "", limit: page.limit + 1 };
  const rows = await (task === undefined
    ? openEdges(database, asked)
    : openEdgesOfTask(database, { ...asked, task }));
  const edges = rows.map((row) => ({
    id: row.id as Id<"edge">,
    task: row.task as Id<"task">,
    path: JSON.parse(row.path) as Id<"edge">[],
    from: row.from_principal as PrincipalId,
    grants: JSON.parse(row.grants) as Grant[],
    rests: row.rests === null ? [] : (JSON.parse(row.rests) as string[]),
  }));
  return cutPage(edges, page.limit, (row) => row.id);
}

/** Whether an agent was ever given a delegation: most that act on their own never were. */
export async function wasEverGiven(database: Database, agent: AgentName): Promise<boolean> {
  return (await anyGiven(database, { agent })).length > 0;
}

const anyGiven = keeping((tables: Kysely<DelegationTables>, given: Given<{ agent: string }>) =>
  tables.selectFrom("delegation").select("id").where("to_agent", "=", given("agent")).limit(1),
);

interface OpenEdges {
  agent: string;
  now: number;
  after: string;
  limit: number;
}

const openEdgesWhere = (tables: Kysely<DelegationTables>, given: Given<OpenEdges>) =>
  tables
    .selectFrom("delegation")
    .innerJoin("task", "task.id", "delegation.task")
    .select([
      "delegation.id",
      "delegation.task",
      "delegation.path",
      "delegation.from_principal",
      "delegation.grants",
      "delegation.rests",
    ])
    .where("delegation.to_agent", "=", given("agent"))
    .where("delegation.ended_at", "is", null)
    .where("delegation.expires", ">", given("now"))
    .where("task.state", "=", "active")
    .where("task.deadline", ">", given("now"))
    .where("delegation.id", ">", given("after"))
    .orderBy("delegation.id")
    .limit(given("limit"));

const openEdges = reading(openEdgesWhere);
const openEdgesOfTask = reading(
  (tables: Kysely<DelegationTables>, given: Given<OpenEdges & { task: string }>) =>
    openEdgesWhere(tables, given).where("delegation.task", "=", given("task")),
);

export interface Count {
  readonly edge: string;
  readonly position: number;
  readonly used: number;
  readonly most: number;
}

export function countsOf(database: Database, edges: readonly string[]): Promise<Count[]> {
  return database
    .tables<DelegationTables>()
    .selectFrom("delegation_count")
    .selectAll()
    .where("edge", "in", edges)
    .orderBy("edge")
    .orderBy("position")
    .execute();
}

/** One use more, as long as there is one left. */
export function addUse(change: Change, count: Count): void {
  change.add(
    change
      .tables<DelegationTables>()
      .updateTable("delegation_count")
      .set((row) => ({ used: row("used", "+", 1) }))
      .where("edge", "=", count.edge)
      .where("position", "=", count.position)
      .where("used", "<", count.most),
  );
}

function delegationOf(row: Selectable<DelegationTables["delegation"]>): Delegation {
  return {
    id: row.id as Id<"edge">,
    task: row.task as Id<"task">,
    ...(row.parent === null ? {} : { parent: row.parent as Id<"edge"> }),
    path: JSON.parse(row.path) as Id<"edge">[],
    from: row.from_principal as PrincipalId,
    to: row.to_agent,
    grants: JSON.parse(row.grants) as Grant[],
    depth: row.depth,
    expires: row.expires,
    madeAt: row.made_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.rests === null ? {} : { rests: JSON.parse(row.rests) as string[] }),
    ...(row.max_depth === null ? {} : { maxDepth: row.max_depth }),
  };
}
