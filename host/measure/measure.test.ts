import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, linkSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs"; // biome-ignore format: one thought
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { rootDigest } from "@countersign/proof/model-signature";
import { DigestCache, digestFile, digestModel, MeasureRefusal, measureModel } from "./index.ts";

const base = mkdtempSync(join(tmpdir(), "measure-"));
after(() => rmSync(base, { recursive: true }));
let folders = 0;

/** A folder with these files. */
function model(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = join(base, `model-${folders++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Sets the date of one file to another's, as whoever hides a change does: to the nanosecond. */
const setDate = (path: string, reference: string): void =>
  assert.equal(spawnSync("touch", ["-r", reference, path]).status, 0);

/** An empty file elsewhere that keeps a file's date. */
function datedAs(path: string): string {
  const reference = join(base, `dated-${folders++}`);
  writeFileSync(reference, "");
  setDate(reference, path);
  return reference;
}

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");

const refused = (code: string) => (error: unknown) => error instanceof MeasureRefusal && error.code === code;

/** Long after whatever was written just now: what it remembers may be relied on. */
const settled = () => Date.now() + 60_000;

test("a model in which another file system is mounted is not measured", (t) => {
  const folder = model({ "a.bin": "a", "below/b.bin": "b" });
  const below = join(folder, "below");
  if (spawnSync("mount", ["-t", "tmpfs", "none", below]).status !== 0)
    return t.skip("nothing may be mounted here");
  t.after(() => spawnSync("umount", [below]));
  writeFileSync(join(below, "b.bin"), "b");
  return assert.rejects(digestModel(folder), refused("other-file-system"));
});

describe("a model is measured", () => {
  test("by the digests of its files in the order of their code points, without what every signer leaves out", async () => {
    const files = { "b.bin": "b", "a/ \u{1f600}": "astral", "a/ \uff5e": "high", "a.json": "{}" };
    const folder = model({
      ...files,
      ".git/HEAD": "x",
      ".gitignore": "x",
      "model.sig": "{}",
      "a/.gitignore": "in",
    });
    const { resources, root, files: count, size } = await digestModel(folder);
    assert.deepEqual(
      resources.map(({ name }) => name),
      ["a.json", "a/ \uff5e", "a/ \u{1f600}", "a/.gitignore", "b.bin"],
    );
    assert.equal(resources[0]?.digest, sha256("{}"));
    assert.equal(root, rootDigest(resources));
    assert.deepEqual([count, size], [5, 15]);
  });

  test("as sha256sum measures it, small or large, whole or in parts", async () => {
    const large = Buffer.alloc(3_000_001, "weights");
    const folder = model({ "large.bin": large, "small.bin": "s", "empty.bin": "" });
    const { resources } = await digestModel(folder);
    const [line = ""] = spawnSync("sha256sum", [join(folder, "large.bin")], {
      encoding: "utf8",
    }).stdout.split(" ");
    assert.deepEqual(
      resources.map(({ digest }) => digest),
      [sha256(""), line, sha256("s")],
    );
    const parts = await digestModel(folder, { shardSize: 1_000_000 });
    assert.deepEqual(
      parts.resources.map(({ name }) => name),
      ["large.bin:0:1000000", "large.bin:1000000:2000000", "large.bin:2000000:3000000", "large.bin:3000000:3000001", "small.bin:0:1"], // biome-ignore format: one list
    );
    assert.equal(parts.resources[1]?.digest, sha256(large.subarray(1_000_000, 2_000_000)));
    const blake = await digestModel(folder, { algorithm: "blake2b" });
    assert.equal(blake.resources[2]?.digest, createHash("blake2b512").update("s").digest("hex"));
    await assert.rejects(digestModel(folder, { algorithm: "blake3" }), refused("unknown-hash"));
  });

  test("where it is one file, under that file's name", async () => {
    const file = join(model({ "model.gguf": "weights" }), "model.gguf");
    const measured = await measureModel({ name: "tiny", path: file });
    assert.deepEqual(measured, {
      name: "tiny",
      root: rootDigest([{ digest: sha256("weights") }]),
      names: sha256(`[{"digest":"${sha256("weights")}","name":"model.gguf"}]`),
      files: 1,
      size: 7,
    });
    assert.deepEqual(await digestFile(file), { sha256: sha256("weights"), size: 7 });
  });

  test("below the root that its process sees, and never beside it", async () => {
    const root = model({ "models/tiny/weights.bin": "w" });
    const { resources } = await digestModel("/models/tiny", { root });
    assert.deepEqual(resources, [{ name: "weights.bin", digest: sha256("w") }]);
    for (const path of [
      "/models/../models/tiny",
      "/models//tiny",
      "/models/./tiny",
      "models/tiny",
      "/models/tiny/",
    ])
      await assert.rejects(digestModel(path, { root }), refused("bad-name"));
    await assert.rejects(digestModel("/etc/hostname", { root }), refused("not-found"));
  });

  test("without keeping anybody from anything else meanwhile, telling how far it has come", async () => {
    const path = join(model({ "weights.bin": "" }), "weights.bin");
    truncateSync(path, 256 * 1024 * 1024);
    let turns = 0;
    const turning = setInterval(() => turns++, 1);
    const told: number[] = [];
    await digestModel(path, { onProgress: ({ read, of }) => told.push(read / of) });
    clearInterval(turning);
    assert.ok(turns > 10, `${turns} turns`);
    assert.equal(told.at(-1), 1);
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      told,
    );
  });

  test("until its signal says enough, leaving no file open", async () => {
    const path = join(model({ "weights.bin": "" }), "weights.bin");
    truncateSync(path, 4 * 1024 ** 3);
    const before = readdirSync("/proc/self/fd").length;
    const enough = new AbortController();
    const onProgress = () => enough.abort(new Error("the process has gone"));
    const measuring = digestModel(path, { signal: enough.signal, onProgress });
    await assert.rejects(measuring, /the process has gone/);
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });
});

describe("what lies in a model's way", () => {
  test("a link is refused wherever it stands: for a file, a folder, the model itself, or a folder above it", async () => {
    const elsewhere = model({ "weights.bin": "w" });
    const folder = model({ "a/weights.bin": "w" });
    for (const [target, link] of [
      [join(elsewhere, "weights.bin"), "link.bin"],
      [elsewhere, "a/link"],
      ["nowhere", "dangling"],
    ] as const) {
      symlinkSync(target, join(folder, link));
      await assert.rejects(digestModel(folder), refused("is-link"));
      rmSync(join(folder, link));
    }
    symlinkSync(folder, join(base, "linked"));
    await assert.rejects(digestModel(join(base, "linked")), refused("is-link"));
    await assert.rejects(digestModel(join(base, "linked", "a")), refused("is-link"));
    assert.equal((await digestModel(join(base, "linked", "a"), { links: "follow" })).files, 1);
  });

  test("a link that is followed because a person said so leads into no circle", async () => {
    const folder = model({ "a/weights.bin": "w" });
    symlinkSync("weights.bin", join(folder, "a", "same.bin"));
    assert.equal((await digestModel(folder, { links: "follow" })).files, 2);
    symlinkSync("..", join(folder, "a", "up"));
    await assert.rejects(digestModel(folder, { links: "follow" }), refused("too-many"));
  });

  test("a pipe or a socket is refused, and nobody waits for its other end", async () => {
    const folder = model({ "weights.bin": "w" });
    assert.equal(spawnSync("mkfifo", [join(folder, "pipe")]).status, 0);
    await assert.rejects(digestModel(folder), refused("not-a-file"));
    await assert.rejects(digestFile(join(folder, "pipe")), refused("not-a-file"));
    rmSync(join(folder, "pipe"));
    const server = createServer().listen(join(folder, "s"));
    await new Promise((resolve) => server.once("listening", resolve));
    await assert.rejects(digestModel(folder), refused("not-a-file"));
    server.close();
    await assert.rejects(digestFile("/dev/zero"), refused("not-a-file"));
    await assert.rejects(digestFile(folder), refused("not-a-file"));
  });

  test("a name that is not UTF-8 is refused, as is a model without files", async () => {
    const folder = model({ "weights.bin": "w" });
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff])]), "x");
    await assert.rejects(digestModel(folder), refused("bad-name"));
    await assert.rejects(digestModel(model({ ".git/HEAD": "x" })), refused("empty"));
    await assert.rejects(digestModel(join(base, "nothing")), refused("not-found"));
  });
});

describe("a model that somebody writes to", () => {
  const changes: Readonly<Record<string, (folder: string) => void>> = {
    "is written to": (folder) => writeFileSync(join(folder, "large.bin"), "other"),
    grows: (folder) => appendFileSync(join(folder, "large.bin"), "x"),
    "is cut": (folder) => truncateSync(join(folder, "large.bin"), 1_000),
    "is swapped for another file": (folder) => renameSync(join(folder, "b.bin"), join(folder, "a.bin")),
    "gets one more file": (folder) => writeFileSync(join(folder, "z.bin"), "x"),
    "is touched": (folder) => utimesSync(join(folder, "a.bin"), 1, 1),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(`while it is read has no digest: one that ${what}`, async () => {
      const folder = model({ "a.bin": "a", "b.bin": "b", "large.bin": "" });
      truncateSync(join(folder, "large.bin"), 64 * 1024 * 1024);
      let changed = false;
      const measuring = digestModel(folder, {
        onProgress() {
          if (!changed) change(folder);
          changed = true;
        },
      });
      await assert.rejects(measuring, refused("changed-while-read"));
    });
  }
});

describe("what is remembered of a file", () => {
  /** How many bytes are really read. */
  async function read(path: string, cache: DigestCache): Promise<{ bytes: number; root: string }> {
    let bytes = 0;
    const { root } = await digestModel(path, { cache, onProgress: ({ read: now }) => (bytes = now) });
    return { bytes, root };
  }

  test("counts while it is as it was, and is read again every tenth time whatever its dates say", async () => {
    const folder = model({ "weights.bin": "weights" });
    const cache = new DigestCache({ now: settled });
    const bytes: number[] = [];
    for (let i = 0; i < 21; i++) bytes.push((await read(folder, cache)).bytes);
    assert.deepEqual(
      bytes.flatMap((each, i) => (each === 0 ? [] : [i])),
      [0, 10, 20],
    );
  });

  test("is nothing when weights were swapped and their date set back: the kernel's own date tells", async () => {
    const folder = model({ "weights.bin": "good weights" });
    const path = join(folder, "weights.bin");
    const { mtimeNs } = statSync(path, { bigint: true });
    const reference = datedAs(path);
    const cache = new DigestCache({ now: settled });
    const before = await read(folder, cache);
    writeFileSync(path, "evil weights");
    setDate(path, reference);
    assert.equal(statSync(path, { bigint: true }).mtimeNs, mtimeNs, "to the nanosecond");
    const after = await read(folder, cache);
    assert.notEqual(after.root, before.root);
    assert.equal(after.root, rootDigest([{ digest: sha256("evil weights") }]));
  });

  test("is nothing when a file of the same size takes its place, as a copy, a rename or a hard link", async () => {
    const folder = model({ "weights.bin": "good weights" });
    const evil = join(model({ "weights.bin": "evil weights" }), "weights.bin");
    const path = join(folder, "weights.bin");
    const cache = new DigestCache({ now: settled });
    const good = await read(folder, cache);
    setDate(evil, path);
    renameSync(path, `${path}.good`);
    linkSync(evil, path);
    rmSync(`${path}.good`);
    assert.notEqual((await read(folder, cache)).root, good.root);
  });

  test("is nothing that was written to a moment ago: it may be written to again within the same tick", async () => {
    const folder = model({ "weights.bin": "weights" });
    const cache = new DigestCache();
    assert.equal((await read(folder, cache)).bytes, 7);
    assert.equal((await read(folder, cache)).bytes, 7);
  });

  test("is not what a failed reading left, and two who ask at once share one reading", async () => {
    const folder = model({ "weights.bin": "weights" });
    const cache = new DigestCache({ now: settled });
    let made = 0;
    const stats = statSync(join(folder, "weights.bin"), { bigint: true });
    const fail = () => cache.digests(stats, "sha256:", () => Promise.reject(new Error("unreadable")));
    await assert.rejects(fail(), /unreadable/);
    const make = async () => {
      made += 1;
      return [`digest ${made}`];
    };
    const both = await Promise.all([
      cache.digests(stats, "sha256:", make),
      cache.digests(stats, "sha256:", make),
    ]);
    assert.deepEqual(both, [["digest 1"], ["digest 1"]]);
    assert.deepEqual(await cache.digests(stats, "blake2b:", make), ["digest 2"]);
  });
});
