import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatVkey, signCheckpoint } from "../checkpoint/index.ts";
import { canonicalBytes } from "../jcs/index.ts";
import { CompactRange, leafHash } from "../merkle/index.ts";
import { type Half, halves } from "../web/test-halves.ts";
import { decodeEntryBundle, encodeEntryBundle } from "./entry-bundle.ts";
import type { LogError, LogReader } from "./index.ts";
import { events, knownBy, type LogFiles, newSigner, origin, publish, readerOf } from "./log-in-memory.ts";

const signer = newSigner();
const known = knownBy(signer);
const bytes = (text: string) => new TextEncoder().encode(text);

/** 600 entries: two full tiles and a partial one, and a tile above them. */
const size = 600;
const honest = await publish(events(size), signer);

const copyOf = (log: LogFiles): LogFiles => ({ ...log, tiles: new Map(log.tiles) });

/** The honest log with one bundle falsified: `tile/entries/001` holds the events 256 to 511. */
function withBundle(path: string, change: (entries: Uint8Array[]) => Uint8Array[]): LogFiles {
  const log = copyOf(honest);
  log.tiles.set(path, encodeEntryBundle(change(decodeEntryBundle(fileOf(log, path)))));
  return log;
}

function fileOf(log: LogFiles, path: string): Uint8Array {
  const file = log.tiles.get(path);
  assert.ok(file, path);
  return file;
}

function flipAt(log: LogFiles, path: string, at: number): LogFiles {
  const changed = copyOf(log);
  const file = Uint8Array.from(fileOf(log, path));
  file[at] = (file[at] ?? 0) ^ 1;
  changed.tiles.set(path, file);
  return changed;
}

for (const half of halves) describe(half.name, () => promises(half));

function promises({ verifyLog }: Half): void {
  async function refusal(log: LogFiles, since?: string): Promise<LogError> {
    try {
      await verifyLog(readerOf(log), since === undefined ? known : { ...known, since });
    } catch (error) {
      return error as LogError;
    }
    return assert.fail("the log verified");
  }

  for (const count of [0, 1, 2, 255, 256, 257, 511, 512, 513, 600]) {
    test(`an honest log of ${count} events verifies`, async () => {
      const log = await publish(events(count), signer);
      const verified = await verifyLog(readerOf(log), known);
      assert.equal(verified.size, count);
      assert.equal(verified.events, count);
    });
  }

  test("a log of 65,800 events verifies, its second level of tiles included, and one bit there is seen", async () => {
    const log = await publish(events(65_800), signer);
    assert.equal((await verifyLog(readerOf(log), known)).size, 65_800);
    assert.equal((await refusal(flipAt(log, "tile/2/000.p/1", 5))).code, "log-tile");
  });

  test("a changed byte is found, and the event is named", async () => {
    const log = withBundle("tile/entries/001", (entries) =>
      entries.with(44, canonicalBytes({ id: "event_300", kind: "tool.called", n: 301 })),
    );
    const error = await refusal(log);
    assert.equal(error.code, "log-leaf");
    assert.equal(error.index, 300);
    assert.equal(error.attackerId, "event_300");
  });

  test("every flipped bit of a bundle is found, at its event or before the next", async () => {
    const path = "tile/entries/002.p/88";
    const file = fileOf(honest, path);
    for (let at = 0; at < file.length; at += 97) {
      const error = await refusal(flipAt(honest, path, at));
      assert.equal(error.code, "log-leaf", `byte ${at}`);
      const before = decodeWhile(file, at);
      assert.equal(error.index, 512 + before, `byte ${at}`);
    }
  });

  /** How many entries end before the byte `at`. */
  function decodeWhile(file: Uint8Array, at: number): number {
    let count = 0;
    for (let end = 0; ; count++) {
      end += 2 + new DataView(file.buffer, file.byteOffset).getUint16(end);
      if (end > at) return count;
    }
  }

  test("two swapped events are found at the first of them", async () => {
    const log = withBundle("tile/entries/000", (entries) => {
      const [seventh, ninth] = [entries[7], entries[9]];
      assert.ok(seventh && ninth);
      return entries.with(7, ninth).with(9, seventh);
    });
    const error = await refusal(log);
    assert.equal(error.code, "log-leaf");
    assert.equal(error.index, 7);
    assert.equal(error.attackerId, "event_9");
  });

  test("a dropped last event is missed", async () => {
    const error = await refusal(withBundle("tile/entries/002.p/88", (entries) => entries.slice(0, -1)));
    assert.equal(error.code, "log-leaf");
    assert.equal(error.index, 599);
    assert.equal(error.attackerId, undefined);
  });

  test("a dropped event in the middle is found where the next one took its place", async () => {
    const error = await refusal(withBundle("tile/entries/001", (entries) => entries.toSpliced(10, 1)));
    assert.equal(error.code, "log-leaf");
    assert.equal(error.index, 266);
  });

  test("an added event is found", async () => {
    const extra = canonicalBytes({ id: "smuggled" });
    const error = await refusal(withBundle("tile/entries/001", (entries) => [...entries, extra]));
    assert.equal(error.code, "log-leaf");
    assert.equal(error.index, 512);
    assert.equal(error.attackerId, "smuggled");
  });

  test("bytes behind the last event that are no event are found", async () => {
    const log = copyOf(honest);
    const path = "tile/entries/002.p/88";
    log.tiles.set(path, Buffer.concat([fileOf(log, path), Uint8Array.of(0)]));
    const error = await refusal(log);
    assert.equal(error.code, "log-leaf");
    assert.equal(error.index, 600);
  });

  test("a falsified leaf tile is found at its event", async () => {
    const error = await refusal(flipAt(honest, "tile/0/001", 32 * 3 + 5));
    assert.equal(error.code, "log-leaf");
    assert.equal(error.index, 259);
  });

  test("a tile of the wrong length is malformed", async () => {
    const log = copyOf(honest);
    log.tiles.set("tile/0/001", fileOf(log, "tile/0/001").subarray(1));
    assert.equal((await refusal(log)).code, "malformed");
  });

  test("a falsified tile above the leaves is found", async () => {
    assert.equal((await refusal(flipAt(honest, "tile/1/000.p/2", 40))).code, "log-tile");
  });

  test("an event changed together with all tiles is found by the signed root", async () => {
    const changed = events(size).with(300, canonicalBytes({ id: "event_300", kind: "tool.called", n: 0 }));
    const forged = await publish(changed, newSigner());
    assert.equal((await refusal({ ...forged, checkpoint: honest.checkpoint })).code, "log-root");
  });

  test("a log signed again with another key is refused", async () => {
    const forged = await publish(events(size), newSigner());
    assert.equal((await refusal(forged)).code, "unknown-key");
  });

  test("a log of another name under the same key is refused", async () => {
    const error = await verifyLog(readerOf(honest), { ...known, origin: "other.example.com" }).catch(
      (e) => e,
    );
    assert.equal(error.code, "wrong-origin");
  });

  test("a shortened log verifies by itself and is caught by an earlier checkpoint", async () => {
    const shortened = await publish(events(599), signer);
    assert.equal((await verifyLog(readerOf(shortened), known)).size, 599);
    const error = await refusal(shortened, honest.checkpoint);
    assert.equal(error.code, "log-shortened");
  });

  test("after a rotation a log verifies by the old key and the new one, and goes on from a checkpoint of before", async () => {
    const [old, fresh] = [newSigner(), newSigner()];
    const before = await publish(events(300), old);
    const range = new CompactRange();
    for (const entry of events(600)) range.append(leafHash(entry));
    const note = await signCheckpoint({ size: 600, root: range.root() }, [fresh, old]);
    const after = { ...(await publish(events(600), old)), checkpoint: note };
    for (const signer of [old, fresh]) {
      assert.equal((await verifyLog(readerOf(after), knownBy(signer))).size, 600);
    }
    const both = { origin, vkey: [formatVkey(fresh), formatVkey(old)], since: before.checkpoint };
    assert.equal((await verifyLog(readerOf(after), both)).size, 600);
    const other = { ...both, vkey: [formatVkey(fresh), formatVkey(newSigner())] };
    await assert.rejects(verifyLog(readerOf(after), other), { code: "unknown-key" });
  });

  test("a rewritten log, signed with the right key, is caught by an earlier checkpoint", async () => {
    const rewritten = await publish(events(size).with(3, canonicalBytes({ id: "event_3" })), signer);
    assert.equal((await verifyLog(readerOf(rewritten), known)).size, size);
    for (const count of [4, 255, 256, 257, 512, 513, 600]) {
      const earlier = await publish(events(count), signer);
      assert.equal((await refusal(rewritten, earlier.checkpoint)).code, "log-rewritten", `since ${count}`);
      await verifyLog(readerOf(honest), { ...known, since: earlier.checkpoint });
    }
    const before = await publish(events(3), signer);
    await verifyLog(readerOf(rewritten), { ...known, since: before.checkpoint });
  });

  test("an earlier checkpoint of an empty log must be that of an empty log", async () => {
    const empty = await publish([], signer);
    await verifyLog(readerOf(honest), { ...known, since: empty.checkpoint });
  });

  test("an earlier checkpoint is believed only under the log's own key", async () => {
    const forged = await publish(events(10), newSigner());
    assert.equal((await refusal(honest, forged.checkpoint)).code, "unknown-key");
  });

  for (const [what, entry] of Object.entries({
    "with white space": '{"id": "a"}',
    "with unsorted members": '{"id":"a","a":1}',
    "with a member twice": '{"id":"a","id":"a"}',
    "with a number written otherwise": '{"id":"a","n":1.0}',
    "without an id": '{"n":1}',
    "with an empty id": '{"id":""}',
    "with a number for an id": '{"id":1}',
    "that is an array": '["id"]',
    "that is empty": "",
    "with a byte order mark": '\ufeff{"id":"a"}',
  })) {
    test(`a signed entry ${what} is refused`, async () => {
      const log = await publish(events(300).with(280, bytes(entry)), signer);
      const error = await refusal(log);
      assert.equal(error.code, "log-entry");
      assert.equal(error.index, 280);
    });
  }

  test("a signed entry that is not UTF-8 is refused", async () => {
    const log = await publish([Uint8Array.of(0xff)], signer);
    assert.equal((await refusal(log)).code, "log-entry");
  });

  test("a log that grew meanwhile and dropped its partial files verifies from the full ones", async () => {
    const grown = await publish(events(768), signer);
    const partial = await publish(events(size), signer);
    const log = { checkpoint: partial.checkpoint, tiles: new Map(grown.tiles) };
    const readers: LogReader = readerOf(log);
    log.tiles.set("tile/1/000.p/2", fileOf(partial, "tile/1/000.p/2"));
    assert.equal((await verifyLog(readers, known)).size, size);
  });

  test("a file that cannot be read stops the verification with the reader's own error", async () => {
    const log = copyOf(honest);
    log.tiles.delete("tile/entries/001");
    assert.match((await refusal(log)).message, /no such file: tile\/entries\/001$/);
  });

  test("a checkpoint with a root over nothing does not pass for any log", async () => {
    const range = new CompactRange();
    range.append(leafHash(bytes("x")));
    const empty = await publish([], signer);
    assert.match(empty.checkpoint, new RegExp(`^${origin}\n0\n`));
    assert.equal(
      (await refusal({ ...honest, checkpoint: empty.checkpoint }, honest.checkpoint)).code,
      "log-shortened",
    );
  });
}
