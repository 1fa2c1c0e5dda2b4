import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { createOnce, removeFile, replaceFile, sweep } from "./durable-file.ts";

const root = mkdtempSync(join(tmpdir(), "countersign-files-"));
after(() => rmSync(root, { recursive: true }));
const freshFolder = (): string => mkdtempSync(join(root, "folder-"));

it("a name is given once: who comes second changes nothing and is told so", async () => {
  const folder = freshFolder();
  assert.equal(await createOnce(folder, "key", "first"), true);
  assert.equal(await createOnce(folder, "key", "second"), false);
  assert.equal(readFileSync(join(folder, "key"), "utf8"), "first");
  assert.deepEqual(readdirSync(folder), ["key"]);
});

it("of many who create one name at once exactly one succeeds, and its text is whole", async () => {
  const folder = freshFolder();
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(5_000));
  const created = await Promise.all(texts.map((text) => createOnce(folder, "key", text)));
  const winners = texts.filter((_, i) => created[i]);
  assert.deepEqual(winners, [readFileSync(join(folder, "key"), "utf8")]);
});

it("who writes while others sweep still writes", async () => {
  const folder = freshFolder();
  let writing = true;
  const sweeping = (async () => {
    while (writing) await sweep(folder);
  })();
  for (let i = 0; i < 20; i++) {
    // Swept away more often than it tries: then the caller is told, and nothing half-made is there.
    const made = await createOnce(folder, `key-${i}`, "text").catch(() => false);
    const there = readdirSync(folder).includes(`key-${i}`);
    if (made) assert.ok(there);
    if (there) assert.equal(readFileSync(join(folder, `key-${i}`), "utf8"), "text");
  }
  writing = false;
  await sweeping;
});

it("to remove what is gone is no error", async () => {
  const folder = freshFolder();
  await replaceFile(folder, "key", "text");
  await removeFile(folder, "key");
  await removeFile(folder, "key");
  assert.deepEqual(readdirSync(folder), []);
});
