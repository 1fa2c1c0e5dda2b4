import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { sql } from "kysely";
import { Fault, silentLog, systemClock, systemRandom } from "../lib/index.ts";
import { Change, type Migration, openDatabase, openDatabaseAsItIs } from "./index.ts";

const deps = { clock: systemClock, random: systemRandom, log: silentLog };
let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "countersign-test-"));
  folder = join(parent, "data");
});
afterEach(() => rmSync(parent, { recursive: true }));

const refusedWith = (what: RegExp) => (error: unknown) =>
  error instanceof Fault &&
  error.code === "unavailable" &&
  what.test(error.message) &&
  error.remedy !== undefined;

test("the data folder and its file are for their owner only", async () => {
  const database = await openDatabase(deps, { folder }, []);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const file of ["countersign.db", "lock"])
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  await database.close();
});

test("a second opening of the same folder is refused, and possible again after the first has closed", async () => {
  const first = await openDatabase(deps, { folder }, []);
  await assert.rejects(openDatabase(deps, { folder }, []), refusedWith(/Another Countersign is running/));
  await first.close();
  await (await openDatabase(deps, { folder }, [])).close();
});

test("a damaged file is refused and left as it is", async () => {
  await (await openDatabase(deps, { folder }, [])).close();
  const file = join(folder, "countersign.db");
  writeFileSync(file, "this was a database once".repeat(400));
  const before = readFileSync(file);
  await assert.rejects(
    openDatabase(deps, { folder }, []),
    refusedWith(/damaged or not a Countersign database/),
  );
  assert.deepEqual(readFileSync(file), before);
});

test("a database written by a newer version is refused", async () => {
  const newer: Migration = { name: "future/0001-more", up: async () => {} };
  await (await openDatabase(deps, { folder }, [newer])).close();
  await assert.rejects(openDatabase(deps, { folder }, []), refusedWith(/newer Countersign/));
});

test("when the disk is full, what is told to have failed has failed, whatever else arrived with it", async () => {
  const jars: Migration = {
    name: "test/0001-jars",
    up: (schema, types) =>
      schema
        .createTable("jar")
        .addColumn("text", types.text, (column) => column.notNull())
        .execute(),
  };
  const database = await openDatabase(deps, { folder }, [jars]);
  const tables = () => database.tables<{ jar: { text: string } }>();
  const put = (text: string) => new Change(database).add(tables().insertInto("jar").values({ text }));
  const pages = await sql<{ page_count: number }>`pragma page_count`.execute(tables());
  const most = sql.raw(`pragma max_page_count = ${(pages.rows[0]?.page_count ?? 0) + 8}`);
  await database.commit(new Change(database).require({ compile: () => most.compile(tables()) }));
  const texts = ["first", "x".repeat(100_000), "third", "fourth"];
  const settled = await Promise.allSettled(texts.map((text) => database.commit(put(text))));
  const told = texts.filter((_, nth) => settled[nth]?.status === "fulfilled");
  assert.ok(told.length < texts.length);
  const rows = await tables().selectFrom("jar").select("text").execute();
  assert.deepEqual(
    rows.map(({ text }) => text),
    told,
  );
  await database.commit(put("later"));
  await database.close();
});

test("a store is opened as it is only where exactly this version has written it, and is left so", async () => {
  const older: Migration = { name: "past/0001-less", up: async () => {} };
  const opening = (migrations: readonly Migration[]) => openDatabaseAsItIs(deps, { folder }, migrations);
  await assert.rejects(opening([]), refusedWith(/There is no store/));
  mkdirSync(folder);
  writeFileSync(join(folder, "countersign.db"), "");
  await assert.rejects(opening([]), refusedWith(/There is no store/));
  await (await openDatabase(deps, { folder }, [older])).close();
  await assert.rejects(opening([]), refusedWith(/newer Countersign/));
  const more: Migration = { name: "future/0001-more", up: async () => assert.fail("nothing is migrated") };
  await assert.rejects(opening([older, more]), refusedWith(/older Countersign/));
  await (await opening([older])).close();
});

test("a folder that cannot be made is refused with what to do", async () => {
  writeFileSync(join(parent, "file"), "");
  await assert.rejects(
    openDatabase(deps, { folder: join(parent, "file", "data") }, []),
    refusedWith(/cannot be used/),
  );
});

test("a PostgreSQL that is not there is refused with what to do", async () => {
  const url = "postgres://nobody@127.0.0.1:1/none";
  await assert.rejects(openDatabase(deps, { url }, []), refusedWith(/cannot be reached/));
});
