import type { Kysely } from "kysely";
import { type Change, type Database, type Given, keeping, writing } from "../database/index.ts";
import type { PolicyFile } from "./policy.ts";
import type { HeadName, PolicyTables } from "./tables.ts";

/** A set as it was stored: whole, and never changed. */
export interface StoredSet {
  readonly version: string;
  readonly hash: string;
  readonly author: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message?: string;
  readonly files: readonly PolicyFile[];
}

const tablesOf = (database: Database) => database.tables<PolicyTables>();

export async function storedSet(database: Database, version: string): Promise<StoredSet | undefined> {
  const row = await tablesOf(database)
    .selectFrom("policy_set")
    .selectAll()
    .where("version", "=", version)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { message, files, ...set } = row;
  return {
    ...set,
    ...(message === null ? {} : { message }),
    files: JSON.parse(files) as PolicyFile[],
  };
}

export type StoredVersion = Omit<StoredSet, "files">;

/** Sets without their files, newest first. @param before the cursor: the last one of the page before */
export async function storedVersions(
  database: Database,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<StoredVersion[]> {
  let query = tablesOf(database)
    .selectFrom("policy_set")
    .select(["version", "hash", "author", "at", "message"]);
  const last = before === undefined ? undefined : await storedSet(database, before);
  if (last !== undefined)
    query = query.where(({ or, and, eb }) =>
      or([eb("at", "<", last.at), and([eb("at", "=", last.at), eb("version", "<", last.version)])]),
    );
  const rows = await query.orderBy("at", "desc").orderBy("version", "desc").limit(limit).execute();
  return rows.map(({ message, ...set }) => ({ ...set, ...(message === null ? {} : { message }) }));
}

export function insertSet(change: Change, { message, ...set }: StoredSet): void {
  const row = { ...set, message: message ?? null, files: JSON.stringify(set.files) };
  change.add(change.tables<PolicyTables>().insertInto("policy_set").values(row));
}

/** The set that decides. */
export interface Head {
  readonly version: string;
  /** 1 for the first set that ever decided here. */
  readonly number: number;
  /** Tokens issued under lower numbers are dead. */
  readonly floor: number;
}

/** A set that has a say beside the one that decides. */
export interface Beside {
  readonly id: string;
  readonly version: string;
  /** How many sets had decided when it began. */
  readonly number: number;
  readonly by: string;
  readonly at: number;
}

export interface Canary extends Beside {
  /** Per cent of the tasks. */
  readonly share: number;
}

export interface Observing {
  readonly id: string;
  readonly until: number;
  /** When the log was told of it last. */
  readonly told: number;
  readonly by: string;
  readonly at: number;
}

/** Which sets have a say now. */
export interface Heads {
  readonly active?: Head;
  readonly shadow?: Beside;
  readonly canary?: Canary;
  readonly observe?: Observing;
}

/** One read for all that a decision has to know. */
export async function heads(database: Database): Promise<Heads> {
  const rows = await allHeads(database, {});
  const named = (name: HeadName) => rows.find((row) => row.name === name);
  const [active, shadow, canary, observe] = [
    named("active"),
    named("shadow"),
    named("canary"),
    named("observe"),
  ];
  return {
    ...(active && { active: { version: active.version, number: active.number, floor: active.floor ?? 1 } }),
    ...(shadow && { shadow: besideOf(shadow) }),
    ...(canary && { canary: { ...besideOf(canary), share: canary.share ?? 0 } }),
    ...(observe && { observe: observingOf(observe) }),
  };
}

const allHeads = keeping((tables: Kysely<PolicyTables>) => tables.selectFrom("policy_head").selectAll());

type Row = PolicyTables["policy_head"];

const besideOf = ({ id, version, number, by, at }: Row): Beside => ({
  id: id ?? "",
  version,
  number,
  by: by ?? "",
  at: at ?? 0,
});

const observingOf = ({ id, until, told, by, at }: Row): Observing => ({
  id: id ?? "",
  until: until ?? 0,
  told: told ?? 0,
  by: by ?? "",
  at: at ?? 0,
});

export const head = async (database: Database): Promise<Head | undefined> => (await heads(database)).active;

/** The set that decides must still be this activation when the change commits. */
export function requireHead(change: Change, { version, number }: Pick<Head, "version" | "number">): void {
  change.require(activeHead(change, { version, number }));
}

const activeHead = writing(
  (tables: Kysely<PolicyTables>, given: Given<{ version: string; number: number }>) =>
    tables
      .selectFrom("policy_head")
      .select("version")
      .where("name", "=", "active")
      .where("version", "=", given("version"))
      .where("number", "=", given("number")),
);

/** A canary, or observing, must still go on when the change commits. */
export function requireBeside(change: Change, name: "canary" | "observe", id: string): void {
  const rows = change.tables<PolicyTables>().selectFrom("policy_head").select("version");
  change.require(rows.where("name", "=", name).where("id", "=", id));
}

/** The sets whose verdict binds somebody must be these, and no others, when the change commits. */
export function requireBinding(
  change: Change,
  { active, canary }: { active?: Pick<Head, "version" | "number">; canary?: Pick<Canary, "id"> },
): void {
  if (active === undefined) requireNo(change, "active");
  else requireHead(change, active);
  if (canary === undefined) requireNo(change, "canary");
  else requireBeside(change, "canary", canary.id);
}

function requireNo(change: Change, name: HeadName): void {
  const tables = change.tables<PolicyTables>();
  const there = tables.selectFrom("policy_head").select("name").where("name", "=", name);
  const none = tables.selectNoFrom(({ lit }) => lit(1).as("none"));
  change.require(none.where(({ not, exists }) => not(exists(there))));
}

const NOTHING_BESIDE = { id: null, share: null, until: null, told: null, by: null, at: null } as const;

/** Moves the head from where it was read to a stored set; the very first one makes it. */
export function moveHead(change: Change, from: Head | undefined, version: string, floor: number): void {
  const tables = change.tables<PolicyTables>();
  if (from === undefined) {
    const first = { name: "active", version, number: 1, floor, ...NOTHING_BESIDE } as const;
    change.add(tables.insertInto("policy_head").values(first));
    return;
  }
  const move = tables.updateTable("policy_head").set({ version, number: from.number + 1, floor });
  change.add(move.where("name", "=", "active").where("number", "=", from.number));
}

/** Puts a set, or observing, beside the set that decides. Where one of the name is there, it conflicts. */
export function insertBeside(
  change: Change,
  row: { name: HeadName; id: string; version: string; number: number; by: string; at: number } & Partial<Row>,
): void {
  change.add(
    change
      .tables<PolicyTables>()
      .insertInto("policy_head")
      .values({ ...NOTHING_BESIDE, floor: null, ...row }),
  );
}

export function deleteBeside(change: Change, name: Exclude<HeadName, "active">, id: string): void {
  const rows = change.tables<PolicyTables>().deleteFrom("policy_head").where("name", "=", name);
  change.add(rows.where("id", "=", id));
}

/** Says when the log was told last that policies are only observed; only where nobody else just did. */
export function markTold(change: Change, { id, told }: Observing, now: number): void {
  const row = change.tables<PolicyTables>().updateTable("policy_head").set({ told: now });
  change.add(row.where("name", "=", "observe").where("id", "=", id).where("told", "=", told));
}

/** A set that came to decide. */
export interface Activation {
  readonly number: number;
  readonly version: string;
  readonly at: number;
  readonly by: string;
  readonly kind: "activate" | "rollback";
  readonly message?: string;
}

export function insertActivation(change: Change, { message, ...activation }: Activation): void {
  const row = { ...activation, message: message ?? null };
  change.add(change.tables<PolicyTables>().insertInto("policy_activation").values(row));
}

/** The latest activations, newest first. @param below the number of the last one of the page before */
export async function latestActivations(
  database: Database,
  { below = Number.MAX_SAFE_INTEGER, limit }: { below?: number; limit: number },
): Promise<Activation[]> {
  const rows = await tablesOf(database)
    .selectFrom("policy_activation")
    .selectAll()
    .where("number", "<", below)
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ message, ...row }) => ({ ...row, ...(message === null ? {} : { message }) }));
}

/** The activations of a version, or the one of a number. */
export async function activationsKnownAs(
  database: Database,
  attackerId: string,
): Promise<Pick<Activation, "number" | "version">[]> {
  const all = tablesOf(database).selectFrom("policy_activation").select(["number", "version"]);
  const known = /^[1-9][0-9]{0,9}$/.test(attackerId)
    ? all.where("number", "=", Number(attackerId))
    : all.where("version", "=", attackerId);
  return known.orderBy("number").execute();
}
