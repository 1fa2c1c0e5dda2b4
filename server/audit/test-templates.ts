/**
 * For tests only: databases that are copied instead of made. Running every migration takes longer than most
 * tests, so it is done once for each list of migrations, and each test gets a copy of what came out.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type Migration, openDatabase } from "../database/index.ts";
import { silentLog, systemClock, systemRandom } from "../lib/index.ts";

/** A few migrations run faster than a copy is made. */
const WORTH_COPYING = 5;

/** In memory where the system has such a place: what tests write there need not survive the machine. */
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A fresh folder for a database, with these migrations already run if that is worth it. */
export async function freshFolder(migrations: readonly Migration[]): Promise<string> {
  const folder = mkdtempSync(join(ROOT, "countersign-test-"));
  if (migrations.length >= WORTH_COPYING)
    cpSync(await folderTemplate(migrations), folder, { recursive: true });
  return folder;
}

const folders = new Map<string, Promise<string>>();

function folderTemplate(migrations: readonly Migration[]): Promise<string> {
  const key = keyOf(migrations);
  const made = folders.get(key) ?? makeFolder(migrations);
  folders.set(key, made);
  return made;
}

async function makeFolder(migrations: readonly Migration[]): Promise<string> {
  const folder = mkdtempSync(join(ROOT, "countersign-template-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await runMigrations({ folder }, migrations);
  return folder;
}

/**
 * A fresh database on a server, with these migrations already run if that is worth it. The template stays on the
 * server under a name of its own, for the next test file and the next run.
 */
export async function freshPostgres(
  server: string,
  name: string,
  migrations: readonly Migration[],
): Promise<URL> {
  const template =
    migrations.length < WORTH_COPYING ? "template0" : await postgresTemplate(server, migrations);
  // Files copied as they are: for PostgreSQL that is a third less work than writing each page to its log.
  const copy = `create database ${name} template ${template} strategy file_copy`;
  await onServer(server, (client) => client.query(copy));
  return urlOf(server, name);
}

/** Removes a database, whoever still uses it. */
export const dropPostgres = (server: string, name: string): Promise<unknown> =>
  onServer(server, (client) => client.query(`drop database if exists ${name} with (force)`));

const templates = new Map<string, Promise<string>>();

function postgresTemplate(server: string, migrations: readonly Migration[]): Promise<string> {
  const name = `countersign_template_${keyOf(migrations)}`;
  const made = templates.get(name) ?? makeTemplate(server, name, migrations).then(() => name);
  templates.set(name, made);
  return made;
}

/** Test files run side by side: one of them makes it, the others wait. */
async function makeTemplate(server: string, name: string, migrations: readonly Migration[]): Promise<void> {
  await onServer(server, async (client) => {
    await client.query("select pg_advisory_lock(hashtext($1))", [name]);
    const made = await client.query("select from pg_database where datname = $1 and datistemplate", [name]);
    if (made.rowCount !== 0) return;
    await client.query(`drop database if exists ${name} with (force)`);
    await client.query(`create database ${name} template template0`);
    await runMigrations({ url: urlOf(server, name).href }, migrations);
    await client.query(`alter database ${name} is_template true`);
  });
}

async function runMigrations(
  location: Parameters<typeof openDatabase>[1],
  migrations: readonly Migration[],
): Promise<void> {
  const deps = { clock: systemClock, random: systemRandom, log: silentLog };
  await (await openDatabase(deps, location, migrations)).close();
}

/** Other text, another template: a migration that is being written is never taken from an old copy. */
const keyOf = (migrations: readonly Migration[]): string =>
  createHash("sha256")
    .update(JSON.stringify(migrations.map(({ name, up }) => [name, up.toString()])))
    .digest("hex")
    .slice(0, 24);

function urlOf(server: string, name: string): URL {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url;
}

async function onServer<Result>(
  server: string,
  act: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    return await act(client);
  } finally {
    await client.end();
  }
}
