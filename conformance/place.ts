import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { Skipped } from "./report.ts";

/** Where a server under test keeps what it must not lose. */
export interface Place {
  /** The folder of the store (unless `databaseUrl`) and of the keys. */
  readonly data: string;
  readonly databaseUrl?: string;
  remove(): Promise<void>;
}

/** A folder of its own, for SQLite. */
export function freshFolder(): Place {
  const data = mkdtempSync(join(tmpdir(), "countersign-conformance-"));
  return { data, remove: async () => rmSync(data, { recursive: true, force: true }) };
}

/**
 * A database of its own on the PostgreSQL that COUNTERSIGN_TEST_DATABASE_URL names, and a folder for keys.
 * @throws Skipped where there is none
 */
export async function freshPostgres(
  serverUrl = process.env.COUNTERSIGN_TEST_DATABASE_URL,
): Promise<Place & { databaseUrl: string }> {
  if (serverUrl === undefined) throw new Skipped("no COUNTERSIGN_TEST_DATABASE_URL");
  const name = `countersign_conformance_${randomBytes(8).toString("hex")}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await onServer(serverUrl, `create database ${name} template template0`);
  const folder = freshFolder();
  return {
    data: folder.data,
    databaseUrl: url.href,
    async remove() {
      await onServer(serverUrl, `drop database ${name} with (force)`);
      await folder.remove();
    },
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
