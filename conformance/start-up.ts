/** What must not start does not: it says so in a sentence, says what to do, and changes nothing. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { becomeAdministrator } from "./administrator.ts";
import { pause } from "./chance.ts";
import { freshFolder, type Place } from "./place.ts";
import type { Report, Suite } from "./report.ts";
import { argumentsOf, freePort, runCommand, startServer } from "./server-process.ts";
import { send } from "./wire.ts";

const WITHIN_MS = 10_000;
/** A server that has just started still places the events of its start. */
const SETTLED_MS = 1_500;

interface Attempt {
  readonly place: Place;
  readonly args?: readonly string[];
  readonly port?: number;
  readonly databaseUrl?: string;
}

export const startUp: Suite = async (report) => {
  const stopped = await installation();
  try {
    await badArguments(report, stopped);
    await badDatabases(report, stopped);
    await badKeys(report, stopped);
    await taken(report, stopped);
    await report.case("after all these refusals it starts as before", async () => {
      const server = await startServer(stopped, { port: await freePort() });
      await server.stop();
    });
  } finally {
    await stopped.remove();
  }
};

/** The folder of an installation that has been used and stopped. */
async function installation(): Promise<Place> {
  const place = freshFolder();
  const server = await startServer(place, { port: await freePort() });
  const administrator = await becomeAdministrator(place, server);
  await administrator.put("/teams/first-team", { lead: administrator.person });
  await server.stop();
  return place;
}

/** Runs `serve`, which must refuse in words and leave the folder as it was. */
async function requireRefused(
  { place, args = [], port, databaseUrl }: Attempt,
  sentence: RegExp,
): Promise<void> {
  const before = contentOf(place.data);
  const began = performance.now();
  const command = [...argumentsOf(place, { port: port ?? (await freePort()) }), ...args];
  const { code, stdout, stderr } = await runCommand(command, databaseUrl, WITHIN_MS);
  assert(performance.now() - began < WITHIN_MS, "it did not end by itself");
  assert.notEqual(code, 0);
  assert.match(stderr, sentence);
  const lines = stderr.trimEnd().split("\n");
  assert(lines.length === 2, `a sentence and a remedy are two lines: ${stderr}`);
  assert.match(lines[0] ?? "", /^✗ \S.*\.$/);
  assert.match(lines[1] ?? "", /^ {2}\S.*\.$/);
  assert.equal(stdout, "");
  assert.deepEqual(contentOf(place.data), before, "something was changed");
}

/** What is in a folder, file by file, but for the lock and scratch files of SQLite and Node. */
function contentOf(folder: string): Record<string, string> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return {};
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !/^(lock|compile-cache)|-(wal|shm)$/.test(name),
  );
  return Object.fromEntries(names.sort().map((name) => [name, digestOf(join(folder, name))]));
}

function digestOf(path: string): string {
  const stats = statSync(path);
  const content = stats.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "folder";
  return `${(stats.mode & 0o777).toString(8)} ${content}`;
}

async function badArguments(report: Report, place: Place): Promise<void> {
  const plain = /Plain HTTP is served on this machine only/;
  const attempts: [name: string, args: string[], sentence: RegExp][] = [
    ["plain HTTP on every address", ["--host", "0.0.0.0"], plain],
    ["plain HTTP under a public name", ["--issuer", "http://countersign.example.com"], plain],
    ["https without a certificate", ["--issuer", "https://countersign.example.com"], plain],
    [
      "a certificate that is not there",
      ["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"],
      /cannot be used/,
    ],
    ["an issuer that is no URL", ["--issuer", "nonsense"], /nonsense is not a public address/],
    ["an issuer with a path", ["--issuer", "http://localhost:4600/path"], /is not a public address/],
    ["a trust domain that is none", ["--trust-domain", "Not A Domain"], /is not a trust domain/],
    ["a certificate without its key", ["--tls-cert", "/nowhere/cert.pem"], /go together/],
    ["a port that is none", ["--port", "70000"], /70000 is not a port/],
  ];
  for (const [name, args, sentence] of attempts)
    await report.case(`refused: ${name}`, () => requireRefused({ place, args }, sentence));
}

async function badDatabases(report: Report, place: Place): Promise<void> {
  await report.case("refused: a database that cannot be reached", () =>
    requireRefused(
      { place, databaseUrl: "postgres://postgres@127.0.0.1:1/countersign" },
      /DATABASE_URL names cannot be reached/,
    ),
  );
  await report.case("refused: a DATABASE_URL that is none", () =>
    requireRefused({ place, databaseUrl: "not a url" }, /DATABASE_URL/),
  );
  await report.case("refused: a database that is none", () =>
    onCopy(place, async (copy) => {
      writeFileSync(databaseOf(copy), "this is no database, and long enough to look like one".repeat(100));
      await requireRefused({ place: copy }, /damaged or not a Countersign database/);
    }),
  );
  await report.case("refused: a database that is damaged", () =>
    onCopy(place, async (copy) => {
      const bytes = readFileSync(databaseOf(copy));
      writeFileSync(databaseOf(copy), bytes.fill(0x55, 4_096, 4_096 * 12));
      await requireRefused({ place: copy }, /damaged or not a Countersign database/);
    }),
  );
  await report.case("refused: a database that a newer version has written", () =>
    onCopy(place, async (copy) => {
      inDatabase(copy, "insert into migration (name, at) values ('future/0001-what', 1)");
      await requireRefused({ place: copy }, /newer Countersign/);
    }),
  );
  await report.case("refused: a database that was set back", () =>
    onCopy(place, async (copy) => {
      const before = readFileSync(databaseOf(copy));
      const server = await startServer(copy, { port: await freePort() });
      await send(server, { method: "GET", path: "/teams", headers: { authorization: "DPoP none" } });
      await server.stop();
      writeFileSync(databaseOf(copy), before);
      await requireRefused({ place: copy }, /but a checkpoint over \d+ has been signed/);
    }),
  );
  await report.case("refused: a log whose root was changed", () =>
    onCopy(place, async (copy) => {
      inDatabase(copy, "update log_tile set hashes = zeroblob(length(hashes))");
      await requireRefused({ place: copy }, /log in the database does not hold/);
    }),
  );
  await report.case("refused: a data folder that is a file", () =>
    onCopy(place, async (copy) => {
      const data = join(copy.data, "file");
      writeFileSync(data, "");
      await requireRefused({ place: { ...copy, data } }, /cannot be used/);
    }),
  );
}

async function badKeys(report: Report, place: Place): Promise<void> {
  await report.case("refused: a key folder that others may enter", () =>
    onCopy(place, async (copy) => {
      chmodSync(join(copy.data, "keys"), 0o755);
      await requireRefused({ place: copy }, /can be read or changed by other users/);
    }),
  );
  await report.case("refused: a key that others may read", () =>
    onCopy(place, async (copy) => {
      chmodSync(keyOf(copy), 0o644);
      await requireRefused({ place: copy }, /can be read or changed by other users/);
    }),
  );
  await report.case("refused: a key that is damaged", () =>
    onCopy(place, async (copy) => {
      writeFileSync(keyOf(copy), "{}");
      await requireRefused({ place: copy }, /key/);
    }),
  );
}

async function taken(report: Report, place: Place): Promise<void> {
  await report.case("refused: a port that is taken", async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    try {
      await requireRefused({ place, port }, new RegExp(`The port ${port} cannot be listened on`));
    } finally {
      other.close();
    }
  });
  await report.case("refused: a folder on which another process runs, which goes on", async () => {
    const server = await startServer(place, { port: await freePort() });
    await pause(SETTLED_MS);
    try {
      await requireRefused({ place }, /Another Countersign is running on the folder/);
    } finally {
      await server.stop();
    }
  });
}

async function onCopy(place: Place, run: (copy: Place) => Promise<void>): Promise<void> {
  const copy = freshFolder();
  try {
    execFileSync("cp", ["-a", `${place.data}/.`, copy.data]);
    await run(copy);
  } finally {
    await copy.remove();
  }
}

const databaseOf = ({ data }: Place): string => join(data, "countersign.db");

function keyOf({ data }: Place): string {
  const name = readdirSync(join(data, "keys")).find((each) => each.startsWith("token"));
  if (name === undefined) throw new Error("there is no token key");
  return join(data, "keys", name);
}

function inDatabase(place: Place, statement: string): void {
  const database = new SqliteDatabase(databaseOf(place));
  database.exec(statement);
  database.close();
}
