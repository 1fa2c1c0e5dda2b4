import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import SqliteDatabase from "better-sqlite3";
import { migrations } from "../server/app/index.ts";
import { openDatabase } from "../server/database/index.ts";
import { silentLog, systemClock, systemRandom } from "../server/lib/index.ts";

type Tables = Record<string, string[]>;

/** `### \`table\`` begins a table; each row of what follows begins with a column. */
function described(markdown: string): Tables {
  const sections = markdown.split(/^### /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const [own = ""] = section.split(/^## /m);
      const columns = [...own.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, column = ""]) => column);
      return [/^`([a-z_]+)`/.exec(section)?.[1] ?? section, columns];
    }),
  );
}

async function existing(): Promise<Tables> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-storage-"));
  const deps = { clock: systemClock, random: systemRandom, log: silentLog };
  try {
    await (await openDatabase(deps, { folder }, migrations)).close();
    return tablesOf(join(folder, "countersign.db"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tablesOf(file: string): Tables {
  const database = new SqliteDatabase(file, { readonly: true });
  const rows = database
    .prepare<[], { table: string; column: string }>(
      `select tables.name as "table", columns.name as "column"
       from sqlite_master as tables, pragma_table_info(tables.name) as columns
       where tables.type = 'table' order by columns.cid`,
    )
    .all();
  database.close();
  const grouped = Object.groupBy(rows, ({ table }) => table);
  return Object.fromEntries(
    Object.entries(grouped).map(([table, columns = []]) => [table, columns.map(({ column }) => column)]),
  );
}

test("docs/storage.md names every table and every column of a new database, in order, and nothing else", async () => {
  const page = readFileSync(new URL("../docs/storage.md", import.meta.url), "utf8");
  assert.deepEqual(described(page), await existing());
});
