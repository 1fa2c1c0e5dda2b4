/**
 * For tests only, of any room: runs a suite on every engine that can be had here. SQLite always, in a
 * folder of its own; PostgreSQL where COUNTERSIGN_TEST_DATABASE_URL names a server on which databases may
 * be created. Every `open` is a fresh database, which `close` removes.
 */
import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { describe } from "node:test";
import { type Database, type DatabaseLocation, type Migration, openDatabase } from "../database/index.ts";
import { type Clock, type Deps, type Random, silentLog } from "../lib/index.ts";
import { RefusalCounter } from "./index.ts";
import { dropPostgres, freshFolder, freshPostgres } from "./test-templates.ts";

/** A clock that stands still until it is moved. Times in milliseconds. */
export interface TestClock extends Clock {
  set(now: number): void;
  advance(by: number): void;
}

/** What every verb with a change needs (`PerformDeps`), held still for tests. */
export interface TestDeps extends Deps {
  readonly clock: TestClock;
  readonly database: Database;
  readonly refusals: RefusalCounter;
}

export interface TestDatabase<More extends object = object> {
  readonly database: Database;
  readonly deps: TestDeps & More;
  /** Where the data is, to open it again, or on PostgreSQL a second time beside this one. */
  readonly location: DatabaseLocation;
  /** Closes the database and removes it. */
  close(): Promise<void>;
}

export interface TestEngine {
  readonly name: Database["engine"];
  /**
   * Opens a fresh database with these migrations.
   * @param more what the room's deps need besides, or deps of one's own in place of the usual ones
   */
  open<More extends object = object>(
    migrations: readonly Migration[],
    more?: More,
  ): Promise<TestDatabase<More>>;
}

/** Declares the suite once per engine, under the engine's name. */
export function forEachEngine(suite: (engine: TestEngine) => void | Promise<void>): void {
  const url = process.env.COUNTERSIGN_TEST_DATABASE_URL;
  describe("on sqlite", () => suite(engineOf("sqlite", sqlitePlace)));
  const without = url === undefined ? { skip: "no COUNTERSIGN_TEST_DATABASE_URL" } : {};
  describe("on postgres", without, () =>
    suite(engineOf("postgres", (migrations) => postgresPlace(url ?? "", migrations))),
  );
}

/** 2026-01-01T00:00:00Z: where every test clock begins. */
export const TEST_EPOCH = Date.UTC(2026, 0, 1);

export function testClock(now = TEST_EPOCH): TestClock {
  return {
    now: () => now,
    set: (to) => {
      now = to;
    },
    advance: (by) => {
      now += by;
    },
  };
}

/** Bytes that look random and are the same in every run. Two servers in one test need two seeds. */
export function seededRandom(seed = "countersign"): Random {
  let drawn = 0;
  const block = (): Buffer => createHash("sha256").update(`${seed} ${drawn++}`).digest();
  return {
    bytes(length) {
      const blocks = Array.from({ length: Math.ceil(length / 32) }, block);
      return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
    },
  };
}

interface Place {
  readonly location: DatabaseLocation;
  remove(): Promise<void>;
}

function engineOf(
  name: Database["engine"],
  freshPlace: (migrations: readonly Migration[]) => Promise<Place>,
): TestEngine {
  return {
    name,
    async open<More extends object>(migrations: readonly Migration[], more?: More) {
      const place = await freshPlace(migrations);
      const basics = { clock: testClock(), random: seededRandom(), log: silentLog };
      const database = await openDatabase(basics, place.location, migrations).catch(async (error) => {
        await place.remove();
        throw error;
      });
      const deps = { ...basics, database, refusals: new RefusalCounter(), ...more } as TestDeps & More;
      const close = async (): Promise<void> => {
        await database.close();
        await place.remove();
      };
      return { database, deps, location: place.location, close };
    },
  };
}

/** SQLite alone, for what is measured rather than promised. */
export const onSqlite = (): TestEngine => engineOf("sqlite", sqlitePlace);

async function sqlitePlace(migrations: readonly Migration[]): Promise<Place> {
  const folder = await freshFolder(migrations);
  return { location: { folder }, remove: async () => rmSync(folder, { recursive: true }) };
}

async function postgresPlace(server: string, migrations: readonly Migration[]): Promise<Place> {
  const name = `countersign_test_${randomBytes(8).toString("hex")}`;
  const { href } = await freshPostgres(server, name, migrations);
  return { location: { url: href }, remove: async () => void (await dropPostgres(server, name)) };
}
