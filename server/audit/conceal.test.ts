import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { after, it } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import fc from "fast-check";
import { z } from "zod";
import { Change } from "../database/index.ts";
import { Fault, type PersonId, system } from "../lib/index.ts";
import { append } from "./append.ts";
import { conceal, eraseSubject, reveal, type Sealer } from "./conceal.ts";
import { declareEvent } from "./event.ts";
import { perform } from "./perform.ts";
import { type AuditTables, auditMigrations } from "./store.ts";
import { forEachEngine, seededRandom } from "./test-databases.ts";

const alice: PersonId = "person_alice";
const bob: PersonId = "person_bob";
const noted = declareEvent("note.taken", "A test took a note.", z.strictObject({ note: z.string() }));

forEachEngine(async (engine) => {
  const store = await engine.open(auditMigrations, { sealer: aesGcm() });
  const { deps, database } = store;
  after(() => store.close());

  const note = (subject: PersonId | "installation", value: Json): Promise<string> =>
    perform(deps, system, "note.take", async (change) => {
      const commitment = conceal(deps, change, subject, value);
      append(change, noted(deps, system, { person: subject }, { note: commitment }));
      return commitment;
    });
  const erase = (subject: PersonId): Promise<void> => {
    const change = new Change(database);
    eraseSubject(change, subject);
    return database.commit(change);
  };
  const rows = () => database.tables<AuditTables>().selectFrom("concealed").selectAll().execute();
  const log = async () =>
    (await database.tables<AuditTables>().selectFrom("event").select("body").orderBy("id").execute()).map(
      ({ body }) => body,
    );

  it("what was concealed can be revealed, and is what the log is bound to", async () => {
    const instruction = { text: "Publish the März report", amount: 12.5, to: ["a", null] };
    const commitment = await note(alice, instruction);
    assert.deepEqual(await reveal(deps, commitment), instruction);
    assert.match(commitment, /^[\w-]{43}$/);
    assert.ok((await log()).some((body) => body.includes(commitment)));
  });

  it("neither the log nor the database shows the value", async () => {
    await note(alice, "an uncommon secret phrase");
    const sealed = (await rows()).map((row) => Buffer.from(row.sealed).toString("latin1"));
    assert.ok(!`${sealed}${await log()}`.includes("uncommon"));
  });

  it("a commitment is SHA-256 over 32 salt bytes and the canonical value, so an export can be checked", async () => {
    const salt = seededRandom("salt").bytes(32);
    const random = seededRandom("salt");
    const change = new Change(database);
    const commitment = conceal({ ...deps, random }, change, alice, { b: 1, a: 2 });
    assert.equal(commitment, sha256Base64url(Buffer.concat([salt, Buffer.from('{"a":2,"b":1}')])));
  });

  it("the same value twice has two commitments, so that guessing finds nothing", async () => {
    assert.notEqual(await note(alice, "yes"), await note(alice, "yes"));
  });

  it("erasing a person erases what was said about her, nothing else, and leaves the log's bytes as they were", async () => {
    const hers = await note(alice, "hers");
    const his = await note(bob, "his");
    const house = await note("installation", "the house's");
    const before = await log();
    await erase(alice);
    assert.equal(await reveal(deps, hers), undefined);
    assert.equal(await reveal(deps, his), "his");
    assert.equal(await reveal(deps, house), "the house's");
    assert.deepEqual(await log(), before);
    assert.ok((await rows()).every(({ subject }) => subject !== alice));
  });

  it("a row that was moved to another subject, or to another commitment, is refused", async () => {
    const commitment = await note(alice, "move me");
    const [original] = (await rows()).filter((row) => row.commitment === commitment);
    assert.ok(original);
    for (const moved of [
      { ...original, subject: bob },
      { ...original, commitment: "A".repeat(43) },
    ]) {
      const change = new Change(database);
      const concealed = change.tables<AuditTables>();
      change.add(concealed.deleteFrom("concealed").where("commitment", "=", original.commitment), {
        rows: "any",
      });
      change.add(concealed.insertInto("concealed").values(moved));
      await database.commit(change);
      await assert.rejects(reveal(deps, moved.commitment), isAltered);
    }
  });

  it("a sealed value under a commitment that it does not open is refused, even when it was sealed by us", async () => {
    const commitment = "B".repeat(43);
    const bytes = canonicalBytes({ salt: "A".repeat(43), value: "forged" });
    const aad = Buffer.from(`concealed ${alice} ${commitment}`);
    const change = new Change(database);
    const row = { commitment, subject: alice, sealed: deps.sealer.seal(bytes, aad), at: 0 };
    await database.commit(change.add(change.tables<AuditTables>().insertInto("concealed").values(row)));
    await assert.rejects(reveal(deps, commitment), isAltered);
  });

  it("an unknown commitment reveals nothing", async () => {
    assert.equal(await reveal(deps, "C".repeat(43)), undefined);
  });

  it("every JSON value comes back as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ noUnicodeString: false }), async (value) => {
        fc.pre(isStrict(value));
        const commitment = await note(bob, value as Json);
        assert.deepEqual(
          canonicalBytes((await reveal(deps, commitment)) as Json),
          canonicalBytes(value as Json),
        );
      }),
      { numRuns: 50 },
    );
  });
});

const isAltered = (error: unknown): boolean =>
  error instanceof Fault &&
  error.code === "internal" &&
  !`${error.message}${error.remedy}`.includes("forged");

/** JSON that I-JSON can carry: no lone surrogates, no integers beyond 2^53. */
function isStrict(value: unknown): boolean {
  try {
    const text = Buffer.from(canonicalBytes(value as Json)).toString();
    return !/\d{16,}|e\+/.test(text);
  } catch {
    return false;
  }
}

function aesGcm(): Sealer {
  const key = randomBytes(32);
  return {
    seal(bytes, aad) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
      const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
      return Buffer.concat([nonce, text, cipher.getAuthTag()]);
    },
    open(sealed, aad) {
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(aad).setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    },
  };
}
