import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { JsonObject } from "../jcs/index.ts";
import { type Half, halves } from "../web/test-halves.ts";
import { type Evidence, proveEvent } from "./index.ts";
import { events, knownBy, newSigner, publish, readerOf } from "./log-in-memory.ts";

const signer = newSigner();
const known = knownBy(signer);
const log = await publish(events(600), signer);
const evidence = await proveEvent(readerOf(log), 300, known);

const changed = (change: Partial<Record<keyof Evidence | "extra", unknown>>) =>
  ({ ...evidence, ...change }) as JsonObject;

for (const half of halves) describe(half.name, () => promises(half));

function promises({ verifyEvidence }: Half): void {
  test("every event can be proven from the public files, and is what the proof says", async () => {
    for (const index of [0, 1, 255, 256, 511, 512, 598, 599]) {
      const document = JSON.parse(JSON.stringify(await proveEvent(readerOf(log), index, known)));
      const proven = await verifyEvidence(document, known);
      assert.equal(proven.id, `event_${index}`);
      assert.equal(proven.event.n, index);
      assert.equal(proven.index, index);
      assert.equal(proven.checkpoint.size, 600);
    }
  });

  test("evidence for another text, place or proof proves nothing", async () => {
    const other = evidence.event.replace("300", "301");
    await assert.rejects(() => verifyEvidence(changed({ event: other }), known), { code: "no-proof" });
    await assert.rejects(() => verifyEvidence(changed({ index: 301 }), known), { code: "no-proof" });
    await assert.rejects(() => verifyEvidence(changed({ index: 600 }), known), { code: "no-proof" });
    await assert.rejects(() => verifyEvidence(changed({ proof: [] }), known), { code: "no-proof" });
    await assert.rejects(() => verifyEvidence(changed({ proof: evidence.proof.slice(1) }), known), {
      code: "no-proof",
    });
    const reversed = evidence.proof.toReversed();
    await assert.rejects(() => verifyEvidence(changed({ proof: reversed }), known), { code: "no-proof" });
  });

  test("evidence signed by another key, or for another log, is refused", async () => {
    const forged = await publish(events(600), newSigner());
    const { checkpoint } = forged;
    await assert.rejects(() => verifyEvidence(changed({ checkpoint }), known), { code: "unknown-key" });
    const elsewhere = { ...known, origin: "other.example.com" };
    await assert.rejects(() => verifyEvidence(changed({}), elsewhere), { code: "wrong-origin" });
  });

  test("an event that is the same value in another text is refused", async () => {
    const spaced = evidence.event.replace(",", ", ");
    await assert.rejects(() => verifyEvidence(changed({ event: spaced }), known), { code: "not-canonical" });
  });

  test("a text that only becomes the event's bytes by repair is refused", async () => {
    const entry = new TextEncoder().encode('{"id":"a","text":"\ufffd"}');
    const repaired = await proveEvent(readerOf(await publish([entry], signer)), 0, known);
    await verifyEvidence(repaired as unknown as JsonObject, known);
    const event = repaired.event.replace("\ufffd", "\ud800");
    await assert.rejects(() => verifyEvidence({ ...repaired, event }, known), { code: "not-canonical" });
  });

  for (const [what, change] of Object.entries({
    "another type": { type: "countersign-receipt/v1" },
    "a member that evidence does not have": { extra: 1 },
    "an event that is no text": { event: {} },
    "a negative index": { index: -1 },
    "an index that is no number": { index: "300" },
    "a fractional index": { index: 0.5 },
    "a proof that is no list": { proof: "" },
    "a proof of other things": { proof: [1] },
    "a proof without end": { proof: Array(54).fill("") },
    "a proof that is no base64": { proof: ["-"] },
    "a checkpoint that is no note": { checkpoint: "" },
  })) {
    test(`evidence with ${what} is malformed`, async () => {
      await assert.rejects(() => verifyEvidence(changed(change), known), { code: "malformed" });
    });
  }

  test("evidence that lacks a member, or is no object, is malformed", async () => {
    for (const member of Object.keys(evidence)) {
      const { [member]: _, ...rest } = changed({});
      await assert.rejects(() => verifyEvidence(rest, known), { code: "malformed" }, member);
    }
    for (const document of [null, [], "x", 1]) {
      await assert.rejects(() => verifyEvidence(document, known), { code: "malformed" });
    }
  });

  test("an event outside the log cannot be proven", async () => {
    for (const index of [600, -1, 0.5]) {
      await assert.rejects(proveEvent(readerOf(log), index, known), { code: "no-proof" });
    }
  });

  test("evidence is not given away when the tiles do not prove it", async () => {
    const tile = Uint8Array.from(log.tiles.get("tile/0/001") ?? []);
    tile[33] = (tile[33] ?? 0) ^ 1;
    const tiles = new Map(log.tiles).set("tile/0/001", tile);
    await assert.rejects(proveEvent(readerOf({ ...log, tiles }), 256, known), { code: "no-proof" });
  });
}
