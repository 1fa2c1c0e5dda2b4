import { type Expression, type Kysely, sql } from "kysely";
import { type Change, type Database, type Given, keeping, reading, writing } from "../database/index.ts";
import { minutes } from "../lib/index.ts";
import type { Agent } from "./agent.ts";
import { agentOf, rowOf } from "./agent-row.ts";
import type { Page } from "./page.ts";
import type { Service } from "./service.ts";
import type { RegistryTables } from "./tables.ts";

/** How exactly the last activity is kept, so that a busy agent is not a write per call. */
export const ACTIVITY_GRAIN = minutes(1);

export function insertAgent(change: Change, agent: Agent): void {
  change.add(change.tables<RegistryTables>().insertInto("agent").values(rowOf(agent)));
}

/** Replaces the record, if nobody else did since it was read. Activity is written apart, and counted from here. */
export function replaceAgent(change: Change, before: Agent, after: Agent): void {
  const {
    name,
    created: _,
    last_active: __,
    dormant_at: ___,
    ...columns
  } = rowOf({ ...after, revision: before.revision + 1 });
  const update = change
    .tables<RegistryTables>()
    .updateTable("agent")
    .set(columns)
    .set(({ fn, ref }) => ({
      dormant_at: afterSilence(fn.coalesce(ref("last_active"), ref("created")), after),
    }));
  change.add(update.where("name", "=", name).where("revision", "=", before.revision));
  if (standsOtherwise(before, after)) change.announce(STANDING_CHANNEL);
}

/** Announced by every change after which an agent or a service may have processes that it might not, or the reverse. */
export const STANDING_CHANNEL = "standing";

const standsOtherwise = (before: Agent, after: Agent): boolean =>
  before.status !== after.status || before.expires !== after.expires || before.graceEnds !== after.graceEnds;

const afterSilence = (from: Expression<number>, { dormantAfter }: Agent) =>
  dormantAfter === undefined ? null : sql<number>`${from} + ${dormantAfter}`;

export async function agentNamed(database: Database, name: string): Promise<Agent | undefined> {
  const [row] = await agentBy(database, { name });
  return row && agentOf(row);
}

const agentBy = keeping((tables: Kysely<RegistryTables>, given: Given<{ name: string }>) =>
  tables.selectFrom("agent").selectAll().where("name", "=", given("name")),
);

/** The agent whose client goes by this id alone. */
export async function agentOfClientId(database: Database, clientId: string): Promise<Agent | undefined> {
  const agents = database.tables<RegistryTables>().selectFrom("agent").selectAll();
  const row = await agents.where("client_id", "=", clientId).executeTakeFirst();
  return row && agentOf(row);
}

/** The agents that one agent registered, which count among its children and are not expired at `now`. */
export async function childrenOf(database: Database, parent: string, now: number): Promise<Agent[]> {
  const rows = await childrenBy(database, { parent, now });
  return rows.map(agentOf);
}

const childrenBy = reading((tables: Kysely<RegistryTables>, given: Given<{ parent: string; now: number }>) =>
  tables
    .selectFrom("agent")
    .selectAll()
    .where("parent", "=", given("parent"))
    .where("uncounted_since", "is", null)
    .where("expires", ">", given("now")),
);

/** They count no more, whatever becomes of their records. */
export function setUncounted(change: Change, names: readonly string[], now: number): void {
  if (names.length === 0) return;
  const update = change.tables<RegistryTables>().updateTable("agent").set({ uncounted_since: now });
  change.add(update.where("name", "in", names), { rows: "any" });
}

/** Which agents a list holds; absent members do not cut it. */
export interface AgentsWanted {
  readonly owner?: string | undefined;
  readonly class?: string | undefined;
  readonly environment?: string | undefined;
  readonly team?: string | undefined;
  readonly status?: string | undefined;
  readonly autonomy?: string | undefined;
  readonly sensitivity?: string | undefined;
  readonly criticality?: string | undefined;
  readonly orphaned?: boolean | undefined;
}

export async function agentsAfter(
  database: Database,
  { after = "", limit, owner, orphaned, ...wanted }: Page & AgentsWanted,
): Promise<Agent[]> {
  const all = database.tables<RegistryTables>().selectFrom("agent").selectAll().where("name", ">", after);
  const said = Object.entries({ ...wanted, owner }).filter(([, value]) => value !== undefined);
  const cut = said.reduce(
    (agents, [column, value]) => agents.where(column as "owner", "=", value as string),
    all,
  );
  const found = orphaned === undefined ? cut : cut.where("orphaned_since", orphaned ? "is not" : "is", null);
  return (await found.orderBy("name").limit(limit).execute()).map(agentOf);
}

/** The agent has access: active, not expired and no orphan past its grace at `now`, and nothing has ended what was issued since `epoch`. */
export function requireAgent(
  change: Change,
  { name, epoch }: { name: string; epoch: number },
  now: number,
): void {
  change.require(agentInForce(change, { name, epoch, now }));
}

const agentInForce = writing(
  (tables: Kysely<RegistryTables>, given: Given<{ name: string; epoch: number; now: number }>) =>
    tables
      .selectFrom("agent")
      .select("name")
      .where("name", "=", given("name"))
      .where("status", "=", "active")
      .where("epoch", "=", given("epoch"))
      .where((is) => is.or([is("expires", "is", null), is("expires", ">", given("now"))]))
      .where((is) => is.or([is("grace_ends", "is", null), is("grace_ends", ">", given("now"))])),
);

/** The record is still the one that was read. */
export function requireAgentUnchanged(change: Change, { name, revision }: Agent): void {
  const agents = change.tables<RegistryTables>().selectFrom("agent").select("name").where("name", "=", name);
  change.require(agents.where("revision", "=", revision));
}

/** Counts the agent's silence from now, in a change that makes it active. */
export function setAwake(change: Change, { name, dormantAfter }: Agent, now: number): void {
  const dormant_at = dormantAfter === undefined ? null : now + dormantAfter;
  const update = change.tables<RegistryTables>().updateTable("agent").set({ last_active: now, dormant_at });
  change.add(update.where("name", "=", name));
}

export function setLastActive(change: Change, name: string, now: number): void {
  const update = change
    .tables<RegistryTables>()
    .updateTable("agent")
    .set(({ ref }) => ({
      last_active: now,
      dormant_at: sql<number | null>`${ref("dormant_after")} + ${now}`,
    }))
    .where("name", "=", name);
  const stale = update.where((is) =>
    is.or([is("last_active", "is", null), is("last_active", "<=", now - ACTIVITY_GRAIN)]),
  );
  change.add(stale, { rows: "any" });
}

const serviceOf = (row: RegistryTables["service"]): Service => ({
  ...(row as unknown as Service),
  resources: JSON.parse(row.resources),
});

export function insertService(change: Change, service: Service): void {
  const row = { ...service, resources: JSON.stringify(service.resources) };
  change.add(change.tables<RegistryTables>().insertInto("service").values(row));
}

/** Replaces the record, if nobody else did since it was read. */
export function replaceService(change: Change, before: Service, after: Service): void {
  const { owner, resources, status, epoch } = after;
  const columns = {
    owner,
    resources: JSON.stringify(resources),
    status,
    epoch,
    revision: before.revision + 1,
  };
  const update = change.tables<RegistryTables>().updateTable("service").set(columns);
  change.add(update.where("id", "=", before.id).where("revision", "=", before.revision));
  if (before.status !== status) change.announce(STANDING_CHANNEL);
}

/** By id or by name: neither can be mistaken for the other. */
export async function serviceKnownAs(
  database: Database,
  key: "id" | "name",
  value: string,
): Promise<Service | undefined> {
  const services = database.tables<RegistryTables>().selectFrom("service").selectAll();
  const row = await services.where(key, "=", value).executeTakeFirst();
  return row && serviceOf(row);
}

export async function servicesAfter(database: Database, { after = "", limit }: Page): Promise<Service[]> {
  const services = database
    .tables<RegistryTables>()
    .selectFrom("service")
    .selectAll()
    .where("id", ">", after);
  return (await services.orderBy("id").limit(limit).execute()).map(serviceOf);
}

/** The service is active, and nothing has ended what was issued since `epoch`. */
export function requireService(change: Change, { id, epoch }: { id: string; epoch: number }): void {
  const services = change.tables<RegistryTables>().selectFrom("service").select("id").where("id", "=", id);
  change.require(services.where("status", "=", "active").where("epoch", "=", epoch));
}
