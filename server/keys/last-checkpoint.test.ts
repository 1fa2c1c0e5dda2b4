import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { testClock } from "../audit/test-databases.ts";
import { Fault, silentLog, systemRandom } from "../lib/index.ts";
import { lastCheckpoint, openKeyRing, rememberCheckpoint } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "countersign-checkpoint-"));
after(() => rmSync(root, { recursive: true }));
const freshFolder = (): string => mkdtempSync(join(root, "keys-"));

it("an installation that has signed nothing remembers nothing", () => {
  assert.equal(lastCheckpoint(freshFolder()), undefined);
});

it("the last checkpoint is the one remembered last, readable by us alone, and nothing else stays behind", async () => {
  const folder = freshFolder();
  await rememberCheckpoint(folder, "log\n1\n");
  await rememberCheckpoint(folder, "log\n2\n\n\u2014 log signature\n");
  assert.equal(lastCheckpoint(folder), "log\n2\n\n\u2014 log signature\n");
  assert.equal(statSync(join(folder, "last-checkpoint")).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["last-checkpoint"]);
});

it("a reader sees one whole checkpoint or another, whenever it looks", async () => {
  const folder = freshFolder();
  const notes = Array.from({ length: 40 }, (_, i) => `${String.fromCharCode(65 + (i % 26))}`.repeat(20_000));
  await rememberCheckpoint(folder, notes[0] ?? "");
  let writing = true;
  const writes = (async () => {
    for (const note of notes) await rememberCheckpoint(folder, note);
    writing = false;
  })();
  while (writing) {
    assert.match(lastCheckpoint(folder) ?? "", /^(.)\1{19999}$/);
    await new Promise(setImmediate);
  }
  await writes;
});

it("a server that starts on the folder in the middle of remembering loses nothing", async () => {
  const folder = freshFolder();
  const deps = { clock: testClock(), random: systemRandom, log: silentLog };
  const starts = Array.from({ length: 5 }, () => openKeyRing(deps, folder));
  for (let i = 0; i < 20; i++) await rememberCheckpoint(folder, `checkpoint ${i}`);
  await Promise.all(starts);
  assert.equal(lastCheckpoint(folder), "checkpoint 19");
});

it("a memory that others could have changed is not believed", async () => {
  const folder = freshFolder();
  await rememberCheckpoint(folder, "log\n1\n");
  chmodSync(join(folder, "last-checkpoint"), 0o606);
  assert.throws(
    () => lastCheckpoint(folder),
    (error) => error instanceof Fault && error.code === "unavailable",
  );
});

it("a checkpoint that cannot be written is a failure, not a silence", async () => {
  await assert.rejects(
    rememberCheckpoint(join(root, "nowhere"), "log\n1\n"),
    (error) => error instanceof Fault && error.code === "unavailable",
  );
});
