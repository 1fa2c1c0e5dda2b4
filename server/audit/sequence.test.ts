import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, it } from "node:test";
import { ed25519Signer, formatVkey, type NoteSigner } from "@countersign/proof/checkpoint";
import { LogError, proveEvent, verifyEvidence, verifyLog } from "@countersign/proof/log";
import { sql } from "kysely";
import { z } from "zod";
import { Change } from "../database/index.ts";
import { Fault, system } from "../lib/index.ts";
import {
  append,
  auditMigrations,
  type CheckpointMemory,
  checkLog,
  declareEvent,
  logFiles,
  type SequencerDeps,
  sequence,
} from "./index.ts";
import { forEachEngine, type TestDatabase } from "./test-databases.ts";

const happened = declareEvent("test.happened", "A test happened.", z.object({ n: z.int() }));

const signerOf = (name: string) => ed25519Signer(name, generateKeyPairSync("ed25519").privateKey);

function memory(): CheckpointMemory {
  let note: string | undefined;
  return {
    recall: () => note,
    async remember(newest) {
      note = newest;
    },
  };
}

const keptBy = (key: NoteSigner) => ({ name: key.name, keys: () => [key] });

forEachEngine((engine) => {
  let open: TestDatabase<Omit<SequencerDeps, "database" | "clock" | "random" | "log">>;
  const signer = signerOf("log.example");
  const known = { vkey: formatVkey(signer), origin: signer.name };

  beforeEach(async () => {
    open = await engine.open(auditMigrations, { checkpointSigner: keptBy(signer), lastCheckpoint: memory() });
  });
  afterEach(() => open.close());

  async function record(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      open.deps.clock.advance(1);
      const change = new Change(open.database);
      append(change, happened(open.deps, system, {}, { n }));
      await open.database.commit(change);
    }
  }
  /** What somebody with access to the database, and no key, could do. */
  function tamper(statement: string): Promise<void> {
    const compile = () => sql.raw(statement).compile(open.database.tables());
    return open.database.commit(new Change(open.database).add({ compile }, { rows: "any" }));
  }

  it("everything that was committed enters the tree once, in order, and verifies with proof alone", async () => {
    await record(300);
    assert.equal(await sequence(open.deps), 300);
    assert.equal(await sequence(open.deps), 0);
    await record(7);
    assert.equal(await sequence(open.deps), 7);
    const verified = await verifyLog(logFiles(open.deps), known);
    assert.equal(verified.size, 307);
  });

  it("each checkpoint continues the one before", async () => {
    await record(3);
    await sequence(open.deps);
    const since = await logFiles(open.deps).checkpoint();
    await record(260);
    await sequence(open.deps);
    await verifyLog(logFiles(open.deps), { ...known, since });
  });

  it("one event is proven by a document that needs no server", async () => {
    await record(5);
    await sequence(open.deps);
    const evidence = await proveEvent(logFiles(open.deps), 3, known);
    assert.equal(verifyEvidence(JSON.parse(JSON.stringify(evidence)), known).index, 3);
  });

  it("two sequencers at once place every event once", async () => {
    await record(40);
    await Promise.all([sequence(open.deps), sequence(open.deps), sequence(open.deps)]);
    while ((await sequence(open.deps)) > 0);
    assert.equal((await verifyLog(logFiles(open.deps), known)).size, 40);
  });

  const breaks = (index: number) => (error: unknown) => error instanceof LogError && error.index === index;

  it("a changed event is found at its place", async () => {
    await record(6);
    await sequence(open.deps);
    await tamper(`update event set body = replace(body, '"n":4', '"n":5') where leaf = 4`);
    await assert.rejects(verifyLog(logFiles(open.deps), known), breaks(4));
  });

  it("two swapped rows are found at the first of them", async () => {
    await record(6);
    await sequence(open.deps);
    await tamper("update event set leaf = 100 where leaf = 2");
    await tamper("update event set leaf = 2 where leaf = 4");
    await tamper("update event set leaf = 4 where leaf = 100");
    await assert.rejects(verifyLog(logFiles(open.deps), known), breaks(2));
  });

  it("a dropped last row is found", async () => {
    await record(6);
    await sequence(open.deps);
    await tamper("delete from event where leaf = 5");
    await assert.rejects(verifyLog(logFiles(open.deps), known));
  });

  it("a log signed anew by another key is refused, here and by everybody", async () => {
    await record(6);
    const forger = { ...open.deps, checkpointSigner: keptBy(signerOf("log.example")) };
    await sequence(forger);
    await assert.rejects(verifyLog(logFiles(open.deps), known));
    await assert.rejects(checkLog(open.deps, [signer]), Fault);
  });

  it("a database set back behind a signed checkpoint does not start", async () => {
    await record(4);
    await sequence(open.deps);
    const before = await logFiles(open.deps).checkpoint();
    await record(4);
    await sequence(open.deps);
    await checkLog(open.deps, [signer]);
    await tamper(`update log_head set size = 4, checkpoint = '${before}'`);
    await assert.rejects(checkLog(open.deps, [signer]), /4 events, but a checkpoint over 8/);
  });

  it("a log whose key has been rotated starts, with the old key among those that are known", async () => {
    await record(3);
    await sequence(open.deps);
    const next = signerOf("log.example");
    await record(3);
    await sequence({ ...open.deps, checkpointSigner: keptBy(next) });
    await checkLog(open.deps, [signer, next]);
    await assert.rejects(checkLog(open.deps, [signer]), Fault);
  });

  it("a server that starts does not forget a newer checkpoint than the one it reads", async () => {
    await record(2);
    await sequence(open.deps);
    const older = await logFiles(open.deps).checkpoint();
    await record(2);
    await sequence(open.deps);
    const newest = open.deps.lastCheckpoint.recall();
    let asked = 0;
    const meanwhile = {
      // At the start it knew the older one; by the time it would remember, another server knew better.
      recall: () => (asked++ === 0 ? older : newest),
      remember: () => assert.fail("it forgets"),
    };
    await checkLog({ ...open.deps, lastCheckpoint: meanwhile }, [signer]);
  });

  it("an emptied log does not start either", async () => {
    await record(4);
    await sequence(open.deps);
    for (const table of ["event", "log_tile", "log_head"]) await tamper(`delete from ${table}`);
    await assert.rejects(checkLog(open.deps, [signer]), /holds no log, but this installation has signed one/);
  });
});
