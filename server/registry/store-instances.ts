import type { Kysely } from "kysely";
import {
  type Change,
  type Database,
  type Given,
  keeping,
  perRow,
  reading,
  writing,
} from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import type { Instance } from "./instance.ts";
import type { Page } from "./page.ts";
import type { RegistryTables } from "./tables.ts";

/** Names in one statement; SQLite takes some thirty thousand parameters. */
const MOST_AT_ONCE = 500;

const instanceOf = perRow(
  ({
    enrolled_at,
    vouched,
    keeps_id,
    task,
    image,
    model,
    configuration,
    ...row
  }: RegistryTables["instance"]): Instance => ({
    ...(row as unknown as Instance),
    ...(task === null ? {} : { task: task as Id<"task"> }),
    jwk: JSON.parse(row.jwk),
    enrolledAt: enrolled_at,
    vouched: vouched === 1,
    keepsId: keeps_id === 1,
    ...(image === null ? {} : { image }),
    ...(model === null ? {} : { model }),
    ...(configuration === null ? {} : { configuration }),
  }),
);

export function insertInstance(
  change: Change,
  {
    enrolledAt,
    vouched,
    keepsId,
    task = null,
    ...instance
  }: Omit<Instance, "task"> & { task?: string | null },
): void {
  const { image = null, model = null, configuration = null } = instance;
  const found = { task, image, model, configuration };
  const kept = { enrolled_at: enrolledAt, vouched: vouched ? 1 : 0, keeps_id: keepsId ? 1 : 0, ...found };
  const row = { ...instance, jwk: JSON.stringify(instance.jwk), ...kept };
  change.add(inserted(change, row));
}

const inserted = writing((tables: Kysely<RegistryTables>, given: Given<RegistryTables["instance"]>) =>
  tables.insertInto("instance").values({
    id: given("id"),
    kind: given("kind"),
    principal: given("principal"),
    thumbprint: given("thumbprint"),
    jwk: given("jwk"),
    strength: given("strength"),
    enrolled_at: given("enrolled_at"),
    expires: given("expires"),
    status: given("status"),
    vouched: given("vouched"),
    keeps_id: given("keeps_id"),
    task: given("task"),
    image: given("image"),
    model: given("model"),
    configuration: given("configuration"),
  }),
);

/** Gives a copy that a person made for a task to another task of the same agent, for its time. */
export function moveInstance(
  change: Change,
  instance: Instance,
  to: { task: Id<"task">; expires: number },
): void {
  const update = change.tables<RegistryTables>().updateTable("instance").set(to);
  const same = update.where("id", "=", instance.id).where("status", "=", "active");
  change.add(same.where("expires", "=", instance.expires));
}

/** Notes the key and the end that it has now: on exactly the record that was read. */
export function replaceInstance(change: Change, before: Instance, after: Instance): void {
  const { jwk, thumbprint, expires } = after;
  const was = { id: before.id, key: before.thumbprint, until: before.expires };
  change.add(replaced(change, { ...was, jwk: JSON.stringify(jwk), thumbprint, expires }));
}

type Replaced = Pick<RegistryTables["instance"], "id" | "jwk" | "thumbprint" | "expires"> & {
  readonly key: string;
  readonly until: number;
};

const replaced = writing((tables: Kysely<RegistryTables>, given: Given<Replaced>) =>
  tables
    .updateTable("instance")
    .set({ jwk: given("jwk"), thumbprint: given("thumbprint"), expires: given("expires") })
    .where("id", "=", given("id"))
    .where("status", "=", "active")
    .where("thumbprint", "=", given("key"))
    .where("expires", "=", given("until")),
);

/** Ends one instance that is active. */
export function setInstanceEnded(change: Change, id: string): void {
  const update = change.tables<RegistryTables>().updateTable("instance").set({ status: "ended" });
  change.add(update.where("id", "=", id).where("status", "=", "active"));
}

/** Ends these instances, each of which is active, or the verb decides again. */
export function setEnded(change: Change, ids: readonly string[]): void {
  for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
    const some = ids.slice(start, start + MOST_AT_ONCE);
    const update = change.tables<RegistryTables>().updateTable("instance").set({ status: "ended" });
    change.add(update.where("id", "in", some).where("status", "=", "active"), { rows: some.length });
  }
}

/** Lets running copies expire at once: whoever vouches for them can do so anew. */
export function setExpired(change: Change, ids: readonly string[], now: number): void {
  for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
    const some = ids.slice(start, start + MOST_AT_ONCE);
    const update = change.tables<RegistryTables>().updateTable("instance").set({ expires: now });
    change.add(update.where("id", "in", some).where("expires", ">", now), { rows: "any" });
  }
}

/** Ends all of a principal's active instances: exactly as many as were read, or the verb decides again. */
export function setAllEnded(
  change: Change,
  { kind, principal }: Pick<Instance, "kind" | "principal">,
  count: number,
): void {
  const update = change.tables<RegistryTables>().updateTable("instance").set({ status: "ended" });
  const active = update
    .where("kind", "=", kind)
    .where("principal", "=", principal)
    .where("status", "=", "active");
  change.add(active, { rows: count });
}

/** By its SPIFFE ID, or by the thumbprint of its key. */
export async function instanceKnownAs(
  database: Database,
  key: "id" | "thumbprint",
  value: string,
): Promise<Instance | undefined> {
  const [row] = await instanceWhere[key](database, { value });
  return row && instanceOf(row);
}

const instanceBy = (key: "id" | "thumbprint") =>
  keeping((tables: Kysely<RegistryTables>, given: Given<{ value: string }>) =>
    tables.selectFrom("instance").selectAll().where(key, "=", given("value")),
  );
const instanceWhere = { id: instanceBy("id"), thumbprint: instanceBy("thumbprint") };

/** All that would have to end with their principal, expired ones included. */
export function activeInstances(
  database: Database,
  { kind, principal }: Pick<Instance, "kind" | "principal">,
): Promise<{ id: string; thumbprint: string; task: string | null; keeps_id: number }[]> {
  const instances = database
    .tables<RegistryTables>()
    .selectFrom("instance")
    .select(["id", "thumbprint", "task", "keeps_id"]);
  return instances
    .where("kind", "=", kind)
    .where("principal", "=", principal)
    .where("status", "=", "active")
    .execute();
}

/** Those of one principal that may still speak at `now`, at most `limit`. */
export async function liveInstancesOf(
  database: Database,
  { kind, principal }: Pick<Instance, "kind" | "principal">,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<Instance[]> {
  const instances = database.tables<RegistryTables>().selectFrom("instance").selectAll();
  const live = instances
    .where("kind", "=", kind)
    .where("principal", "=", principal)
    .where("status", "=", "active")
    .where("expires", ">", now);
  return (await live.limit(limit).execute()).map(instanceOf);
}

export async function instancesAfter(
  database: Database,
  { kind, principal }: Pick<Instance, "kind" | "principal">,
  { after = "", limit }: Page,
): Promise<Instance[]> {
  const instances = database
    .tables<RegistryTables>()
    .selectFrom("instance")
    .selectAll()
    .where("kind", "=", kind);
  const page = instances
    .where("principal", "=", principal)
    .where("id", ">", after)
    .orderBy("id")
    .limit(limit);
  return (await page.execute()).map(instanceOf);
}

/** How many copies of one principal may still speak at `now`. */
export async function countLive(
  database: Database,
  { kind, principal }: Pick<Instance, "kind" | "principal">,
  now: number,
): Promise<number> {
  const [row] = await liveCount(database, { kind, principal, now });
  return Number(row?.live);
}

const liveCount = reading(
  (tables: Kysely<RegistryTables>, given: Given<{ kind: string; principal: string; now: number }>) =>
    tables
      .selectFrom("instance")
      .select(({ fn }) => fn.countAll().as("live"))
      .where("kind", "=", given("kind"))
      .where("principal", "=", given("principal"))
      .where("status", "=", "active")
      .where("expires", ">", given("now")),
);
