import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, it } from "node:test";
import {
  formatVkey,
  type NoteSigner,
  openNote,
  parseVkey,
  signCheckpoint,
} from "@countersign/proof/checkpoint";
import { publicJwkOf } from "@countersign/proof/jwk";
import { auditMigrations } from "../audit/index.ts";
import {
  forEachEngine,
  seededRandom,
  type TestDatabase,
  type TestEngine,
  testClock,
} from "../audit/test-databases.ts";
import { type Caller, Fault, hours, nobody } from "../lib/index.ts";
import { createKey } from "./create.ts";
import {
  type KeyRing,
  keepKeysFresh,
  keysMigrations,
  openKeyRing,
  PURPOSES,
  RHYTHMS,
  rotateKeys,
} from "./index.ts";
import type { KeyModule } from "./key-module.ts";
import type { RotationDeps } from "./record.ts";

interface House extends TestDatabase {
  readonly folder: string;
  /** The keys that the revocation feed was told of. */
  readonly withdrawn: string[];
  readonly deps: TestDatabase["deps"] & RotationDeps;
}

const LOG = "example.org/log";
const administrator: Caller = { ...nobody("10.0.0.1"), principal: "person_ada", kind: "person" };
const bytes = Buffer.from("signed long ago");
const { lead, kept, period = 0 } = RHYTHMS.token;

forEachEngine((engine) => {
  const houses: House[] = [];
  afterEach(async () => {
    for (const house of houses.splice(0)) await leave(house);
  });
  const house = async (module?: KeyModule): Promise<House> => {
    const opened = await moveIn(engine, module);
    houses.push(opened);
    return opened;
  };

  it("the log is told of each key once, by kid and purpose, however often and by however many it is told", async () => {
    const { deps } = await house();
    const second = { ...deps, random: seededRandom("second") };
    await Promise.all([keepKeysFresh(deps), keepKeysFresh(second)]);
    await keepKeysFresh(deps);
    const told = await eventsOf(deps, "keys.created");
    assert.deepEqual(
      told.map(({ body }) => body.kid).sort(),
      deps.keys
        .summary()
        .map(({ kid }) => kid)
        .sort(),
    );
    for (const { body } of told) assert.deepEqual(Object.keys(body).sort(), ["kid", "purpose"]);
  });

  it("the next key is published at once, used after its lead, and the old one verifies until nothing it signed can live", async () => {
    const { deps, folder } = await house();
    const old = deps.keys.signer("token");
    const signature = sign("sha256", bytes, old.key);
    const next = await rotateKeys(deps, administrator, { purpose: "token" });
    assert.equal(next.activates, deps.clock.now() + lead);
    assert.deepEqual(published(deps), [old.kid, next.kid]);
    deps.clock.advance(lead - 1);
    assert.equal(deps.keys.signer("token").kid, old.kid);
    deps.clock.advance(1);
    assert.equal(deps.keys.signer("token").kid, next.kid);
    assert.deepEqual(published(deps), [old.kid, next.kid]);
    deps.clock.advance(kept - 1);
    const verifier = deps.keys.verifier("token", old.kid);
    assert.ok(verifier && verify("sha256", bytes, verifier, signature));
    deps.clock.advance(1);
    assert.equal(deps.keys.verifier("token", old.kid), undefined, "dead at once, before anybody cleans up");
    assert.deepEqual(published(deps), [next.kid]);
    await keepKeysFresh(deps);
    assert.ok(!existsSync(join(folder, "token-1.json")));
    assert.deepEqual(
      (await eventsOf(deps, "keys.destroyed")).map(({ body }) => body),
      [{ kid: old.kid, purpose: "token" }],
    );
  });

  it("a withdrawn key stays in no module: while that is away its file stays, dead, and it goes when the module is back", async () => {
    const { pairs, state, module } = softModule();
    const { deps, folder } = await house(module);
    await keepKeysFresh(deps);
    const file = join(folder, "x509-authority-1.json");
    const { held } = JSON.parse(readFileSync(file, "utf8"));
    state.away = true;
    await assert.rejects(
      rotateKeys(deps, administrator, { purpose: "x509-authority", emergency: true }),
      /away/,
    );
    state.away = false;
    const destroy = module.destroy;
    module.destroy = () => Promise.reject(new Fault("unavailable", "away"));
    const { kid } = await rotateKeys(deps, administrator, { purpose: "x509-authority", emergency: true });
    assert.deepEqual(
      deps.keys.authorities("x509-authority").map((each) => each.kid),
      [kid],
    );
    await keepKeysFresh(deps);
    assert.ok(existsSync(file) && pairs.has(held));
    module.destroy = destroy;
    await keepKeysFresh(deps);
    assert.ok(!existsSync(file) && !pairs.has(held));
    const told = await eventsOf(deps, "keys.destroyed");
    assert.equal(told.length, 1, "and is told of once");
  });

  it("a pair whose file was not made is destroyed; one whose file is there stays", async () => {
    const { pairs, module } = softModule();
    const { deps, folder } = await house(module);
    const before = pairs.size;
    const planned = { purpose: "jwt-svid", generation: 1, activates: 0 } as const;
    assert.equal(await createKey(deps, { folder, module }, planned), false, "another server was quicker");
    const away = { folder: join(folder, "nowhere"), module };
    await assert.rejects(createKey(deps, away, planned), { code: "unavailable" });
    assert.equal(pairs.size, before);
    assert.equal(await createKey(deps, { folder, module }, { ...planned, generation: 2 }), true);
    assert.equal(pairs.size, before + 1);
  });

  it("a rotation is recorded under the one who asked for it", async () => {
    const { deps } = await house();
    const { kid } = await rotateKeys(deps, administrator, { purpose: "delegation" });
    const [event, ...more] = await eventsOf(deps, "keys.rotated");
    assert.deepEqual(more, []);
    assert.deepEqual([event?.actor.principal, event?.body], ["person_ada", { kid, purpose: "delegation" }]);
    await keepKeysFresh(deps);
    assert.ok(
      !(await eventsOf(deps, "keys.created")).some(({ body }) => body.kid === kid),
      "and not a second time",
    );
  });

  it("a second rotation while the next key waits is refused, and changes nothing", async () => {
    const { deps, folder } = await house();
    await rotateKeys(deps, administrator, { purpose: "token" });
    const before = readdirSync(folder);
    await assert.rejects(rotateKeys(deps, administrator, { purpose: "token" }), isConflict);
    assert.deepEqual(readdirSync(folder), before);
  });

  it("of two servers that rotate at the same moment one makes the key and the other is refused", async () => {
    const { deps, folder } = await house();
    const second = { ...deps, random: seededRandom("second"), keys: await openKeyRing(deps, folder) };
    const both = [deps, second].map((each) => rotateKeys(each, administrator, { purpose: "token" }));
    const outcomes = await Promise.allSettled(both);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal(readdirSync(folder).filter((name) => name.startsWith("token-")).length, 2);
    assert.equal((await eventsOf(deps, "keys.rotated")).length, 1);
  });

  it("when a key may have been stolen, a new one is used at once, even past one that waits", async () => {
    const { deps } = await house();
    await rotateKeys(deps, administrator, { purpose: "token" });
    const { kid } = await rotateKeys(deps, administrator, { purpose: "token", emergency: true });
    assert.equal(deps.keys.signer("token").kid, kid);
    deps.clock.advance(lead);
    assert.equal(deps.keys.signer("token").kid, kid);
  });

  it("keys change by themselves in good time, one at a time, for years, and never leave us without one", async () => {
    const { deps, folder } = await house();
    const signers = new Set<string>();
    for (let day = 0; day < 200; day++) {
      await keepKeysFresh(deps);
      signers.add(deps.keys.signer("token").kid);
      assert.ok(published(deps).includes(deps.keys.signer("token").kid));
      assert.ok(readdirSync(folder).filter((name) => name.startsWith("token-")).length <= 3);
      deps.clock.advance(hours(24));
    }
    assert.equal(signers.size, Math.ceil((200 * hours(24)) / period));
    assert.equal(
      deps.keys.summary().filter(({ purpose }) => purpose === "log").length,
      1,
      "the log's key only by decision",
    );
  });

  it("what was sealed under an old envelope key can be opened after any number of rotations and a restart", async () => {
    const { deps, folder } = await house();
    const sealed = deps.keys.seal(bytes, "kept");
    for (let i = 0; i < 3; i++) {
      deps.clock.advance(hours(24 * 400));
      await keepKeysFresh(deps);
    }
    const later = await openKeyRing(deps, folder);
    assert.deepEqual(Buffer.from(later.open(sealed, "kept")), bytes);
    assert.notDeepEqual(
      later.seal(bytes, "kept").subarray(1, 13),
      sealed.subarray(1, 13),
      "new things under the new key",
    );
  });

  it("after a rotation of the log's key its checkpoints verify by the old key and by the new one, for ever", async () => {
    const { deps } = await house();
    const [old = ""] = deps.keys.logVkeys(LOG);
    const { kid } = await rotateKeys(deps, administrator, { purpose: "log" });
    const [{ body } = { body: {} }] = await eventsOf(deps, "keys.rotated");
    assert.deepEqual(body, { kid, purpose: "log", vkey: deps.keys.logVkey(LOG, kid) });
    assert.deepEqual(await signedBy(deps, old), [old], "the next one does not sign before its time");
    for (const time of [lead, hours(24 * 3_650)]) {
      deps.clock.advance(time);
      await keepKeysFresh(deps);
      const vkeys = deps.keys.logVkeys(LOG);
      assert.deepEqual(vkeys, [old, body.vkey]);
      for (const vkey of vkeys) assert.deepEqual(await signedBy(deps, vkey), [vkey]);
      assert.equal(formatVkey(deps.keys.logSigners(LOG)[0] as NoteSigner), body.vkey);
    }
  });

  it("in an emergency the new key signs now and the old ones are dead now, the one that waited too", async () => {
    const { deps, folder, withdrawn } = await house();
    const old = deps.keys.signer("token");
    const waiting = await rotateKeys(deps, administrator, { purpose: "token" });
    const { kid } = await rotateKeys(deps, administrator, { purpose: "token", emergency: true });
    assert.equal(deps.keys.signer("token").kid, kid);
    assert.deepEqual(published(deps), [kid]);
    for (const dead of [old, waiting]) assert.equal(deps.keys.verifier("token", dead.kid), undefined);
    assert.deepEqual(withdrawn, [old.kid, waiting.kid]);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("token-")),
      ["token-3.json"],
    );
    const told = (await eventsOf(deps, "keys.destroyed")).map(({ actor, body }) => [actor.principal, body]);
    const dead = (key: string) => ["person_ada", { kid: key, purpose: "token", withdrawn: true }];
    assert.deepEqual(new Set(told), new Set([dead(old.kid), dead(waiting.kid)]));
    const rotated = (await eventsOf(deps, "keys.rotated")).map(({ body }) => body);
    assert.deepEqual(
      rotated.find((body) => (body as { kid: string }).kid === kid),
      { kid, purpose: "token", emergency: true },
    );
    assert.equal(
      deps.keys.signer("delegation").kid,
      (await openKeyRing(deps, folder)).signer("delegation").kid,
    );
  });

  it("a second server stops using a withdrawn key when it is told, and within a second if it is not, whatever its clock", async () => {
    const { deps, folder } = await house();
    const told = await openKeyRing(deps, folder);
    const late = { ...deps, clock: testClock(deps.clock.now() - hours(1)) };
    const untold = await openKeyRing(late, folder);
    const old = deps.keys.signer("token").kid;
    assert.equal(untold.signer("token").kid, old);
    const { kid } = await rotateKeys(deps, administrator, { purpose: "token", emergency: true });
    told.notice(true);
    late.clock.advance(1_000);
    for (const ring of [told, untold]) {
      assert.equal(ring.signer("token").kid, kid);
      assert.equal(ring.verifier("token", old), undefined);
      assert.deepEqual(published({ keys: ring }), [kid]);
    }
  });

  it("a withdrawn key that comes back out of an old backup is not used again", async () => {
    const { deps, folder } = await house();
    await keepKeysFresh(deps);
    const backup = readFileSync(join(folder, "token-1.json"));
    const old = deps.keys.signer("token").kid;
    await rotateKeys(deps, administrator, { purpose: "token", emergency: true });
    rmSync(join(folder, "token-2.json"));
    writeFileSync(join(folder, "token-1.json"), backup, { mode: 0o600 });
    const restored = { ...deps, keys: await openKeyRing(deps, folder) };
    await keepKeysFresh(restored);
    assert.notEqual(restored.keys.signer("token").kid, old);
    assert.equal(restored.keys.verifier("token", old), undefined);
    assert.deepEqual(published(restored), [restored.keys.signer("token").kid]);
    assert.ok((await eventsOf(deps, "keys.created")).some(({ body }) => body.kid === published(restored)[0]));
  });

  it("what cannot be withdrawn is not: the log's key and the envelope's know no emergency", async () => {
    const { deps, folder, withdrawn } = await house();
    const before = readdirSync(folder);
    for (const purpose of ["log", "envelope"] as const) {
      await assert.rejects(rotateKeys(deps, administrator, { purpose, emergency: true }), {
        code: "invalid",
      });
    }
    assert.deepEqual([readdirSync(folder), withdrawn], [before, []]);
    const forged = readFileSync(join(folder, "envelope-1.json"), "utf8").replace("{", '{"emergency":true,');
    writeFileSync(join(folder, "envelope-2.json"), forged.replace('"generation":1', '"generation":2'), {
      mode: 0o600,
    });
    assert.throws(() => deps.keys.refresh(), { code: "unavailable" });
  });

  it("a server that ended between making an emergency's key and telling of it tells when it is back", async () => {
    const { deps, withdrawn } = await house();
    await keepKeysFresh(deps);
    const old = deps.keys.signer("token").kid;
    const commit = (): Promise<void> => Promise.reject(new Fault("unavailable", "The store is away."));
    const away = { ...deps, database: { ...deps.database, commit } };
    await assert.rejects(rotateKeys(away, administrator, { purpose: "token", emergency: true }));
    assert.notEqual(deps.keys.signer("token").kid, old, "the old key signs nothing from that moment");
    withdrawn.length = 0;
    await keepKeysFresh(deps);
    assert.deepEqual(withdrawn, [old]);
    assert.deepEqual(published(deps), [deps.keys.signer("token").kid]);
  });

  it("for a year no verifier that keeps published keys for 23 hours meets a token whose key it has not seen", async () => {
    const { deps, folder } = await house();
    const rings = [deps.keys, await openKeyRing(deps, folder), await openKeyRing(deps, folder)];
    const servers = rings.map((keys, i) => ({ ...deps, keys, random: seededRandom(`server ${i}`) }));
    const cache = { until: 0, kids: [] as string[] };
    for (let hour = 0; hour < 24 * 365; hour += 12) {
      // Each server looks after its keys at an hour of its own, and one of them is away for days.
      const due = servers[(hour / 12) % 5];
      if (due !== undefined) await keepKeysFresh(due);
      for (const keys of rings) {
        if (deps.clock.now() >= cache.until) {
          cache.until = deps.clock.now() + hours(23);
          cache.kids = published({ keys });
        }
        const { kid } = keys.signer("token");
        assert.ok(cache.kids.includes(kid), `hour ${hour}`);
        assert.ok(rings.every((ring) => ring.verifier("token", kid) !== undefined));
      }
      deps.clock.advance(hours(12));
    }
    assert.equal(deps.keys.summary().filter(({ purpose }) => purpose === "log").length, 1);
  });

  it("a database whose keys are gone is not served with new ones", async () => {
    const { deps } = await house();
    await keepKeysFresh(deps);
    const elsewhere = mkdtempSync(join(tmpdir(), "countersign-keys-"));
    const foreign = { ...deps, keys: await openKeyRing(deps, elsewhere) };
    await assert.rejects(keepKeysFresh(foreign), (error) => {
      assert.ok(error instanceof Fault && error.code === "unavailable");
      return /lacks keys that this database was written with/.test(error.message);
    });
    rmSync(elsewhere, { recursive: true });
  });

  it("a server that ended between marking a key destroyed and removing its file is no trouble to the next", async () => {
    const { deps, folder } = await house();
    await keepKeysFresh(deps);
    const first = readFileSync(join(folder, "token-1.json"));
    await rotateKeys(deps, administrator, { purpose: "token", emergency: true });
    deps.clock.advance(kept);
    await keepKeysFresh(deps);
    writeFileSync(join(folder, "token-1.json"), first, { mode: 0o600 });
    await keepKeysFresh(deps);
    assert.ok(!existsSync(join(folder, "token-1.json")));
    assert.equal((await eventsOf(deps, "keys.destroyed")).length, 1);
  });

  it("a key whose record was lost on the way is recorded later, so none is used unseen", async () => {
    const { deps } = await house();
    await keepKeysFresh(deps);
    const commit = (): Promise<void> => Promise.reject(new Fault("unavailable", "The store is away."));
    const away = { ...deps, database: { ...deps.database, commit } };
    await assert.rejects(rotateKeys(away, administrator, { purpose: "token" }));
    const waiting = deps.keys.summary().find(({ state }) => state === "prepared");
    await keepKeysFresh(deps);
    assert.ok((await eventsOf(deps, "keys.created")).some(({ body }) => body.kid === waiting?.kid));
  });

  it("no event holds a byte of a private key", async () => {
    const { deps, folder } = await house();
    await keepKeysFresh(deps);
    for (const purpose of PURPOSES) await rotateKeys(deps, administrator, { purpose });
    await assert.rejects(rotateKeys(deps, administrator, { purpose: "token" }));
    const { rows } = { rows: await deps.database.tables<Tables>().selectFrom("event").selectAll().execute() };
    const log = JSON.stringify(rows);
    for (const name of readdirSync(folder)) {
      const { jwk } = JSON.parse(readFileSync(join(folder, name), "utf8"));
      const secret: string = jwk.d ?? jwk.k;
      assert.ok(secret.length > 40 && !log.includes(secret.slice(0, 12)) && !log.includes(secret.slice(-12)));
    }
  });
});

interface Tables {
  event: { id: string; type: string; body: string };
}

/** A module that may be away, and the pairs that are in it. */
function softModule() {
  const pairs = new Map<string, KeyObject>();
  const state = { away: false };
  const reach = (): void => {
    if (state.away) throw new Fault("unavailable", "away");
  };
  const module: KeyModule = {
    async generate() {
      reach();
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const held = randomBytes(16).toString("hex");
      pairs.set(held, privateKey);
      return { held, publicJwk: publicJwkOf(privateKey) };
    },
    sign: () => Promise.reject(new Error("nobody signs here")),
    async destroy(held) {
      reach();
      pairs.delete(held);
    },
    close: async () => {},
  };
  return { pairs, state, module };
}

async function moveIn(engine: TestEngine, module?: KeyModule): Promise<House> {
  const store = await engine.open([...auditMigrations, ...keysMigrations]);
  const folder = mkdtempSync(join(tmpdir(), "countersign-keys-"));
  const keys = await openKeyRing(store.deps, folder, module);
  const withdrawn: string[] = [];
  const withdraw: RotationDeps["withdraw"] = (_change, _caller, kid) => void withdrawn.push(kid);
  return {
    ...store,
    folder,
    withdrawn,
    deps: { ...store.deps, keys, trustDomain: "example.org", withdraw, unpublish: async () => {} },
  };
}

async function leave({ folder, close }: House): Promise<void> {
  await close();
  rmSync(folder, { recursive: true });
}

/** The keys that a stranger who has pinned one finds under a checkpoint of today. */
async function signedBy({ keys }: RotationDeps, vkey: string): Promise<string[]> {
  const note = await signCheckpoint({ size: 1, root: new Uint8Array(32) }, keys.logSigners(LOG));
  const { signedBy } = openNote(note, [parseVkey(vkey)]);
  return signedBy.map(formatVkey);
}

interface Told {
  actor: { principal: string };
  body: Record<string, string>;
}

async function eventsOf({ database }: RotationDeps, type: string): Promise<Told[]> {
  const events = database.tables<Tables>().selectFrom("event").select("body").where("type", "=", type);
  return (await events.orderBy("id").execute()).map(({ body }) => JSON.parse(body) as Told);
}

const published = ({ keys }: { keys: KeyRing }): string[] => keys.publicJwks().keys.map(({ kid }) => kid);
const isConflict = (error: unknown): boolean => error instanceof Fault && error.code === "conflict";
