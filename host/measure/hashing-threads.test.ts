import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { HashingThreads } from "./hashing-threads.ts";

const folder = mkdtempSync(join(tmpdir(), "threads-"));
const content = Buffer.alloc(1_000_000, "weights");
const expected = createHash("sha256").update(content).digest("hex");

describe("threads that hash", () => {
  let file: Awaited<ReturnType<typeof open>>;
  before(async () => {
    writeFileSync(join(folder, "weights"), content);
    file = await open(join(folder, "weights"));
  });
  after(async () => {
    await file.close();
    rmSync(folder, { recursive: true });
  });
  const order = () => ({ fd: file.fd, algorithm: "sha256", start: 0, end: content.length }) as const;

  test("answer everybody, however many ask at once", async () => {
    const threads = new HashingThreads({ most: 2 });
    const all = await Promise.all(Array.from({ length: 20 }, () => threads.hash(order())));
    assert.ok(all.every(({ digest, read }) => digest === expected && read === content.length));
  });

  test("answer whoever asks while they are ending for want of work", async () => {
    const threads = new HashingThreads({ most: 1, idleMs: 1 });
    for (let round = 0; round < 12; round++) {
      assert.equal((await threads.hash(order())).digest, expected);
      await pause(round % 4);
    }
  });

  test("tell what they could not read, and answer the next one", async () => {
    const threads = new HashingThreads({ most: 1 });
    await assert.rejects(threads.hash({ ...order(), fd: 1_000_000 }), /EBADF/);
    assert.equal((await threads.hash(order())).digest, expected);
  });

  test("stop at once when they are told to, those who wait for one as well", async () => {
    const threads = new HashingThreads({ most: 1 });
    const enough = new AbortController();
    const asked = Array.from({ length: 3 }, () => threads.hash({ ...order(), signal: enough.signal }));
    enough.abort(new Error("enough"));
    for (const each of await Promise.allSettled(asked)) assert.equal(each.status, "rejected");
    assert.equal((await threads.hash(order())).digest, expected);
  });
});
