import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { LOOK_AT_FOLDER } from "../peer/kernel.ts";
import { HostRefusal } from "../peer/refusal.ts";
import { find, isPlainPath, openInside, requireFilesBelow } from "./inside.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "inside-")));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "a/users"), { recursive: true });
writeFileSync(join(folder, "a/file"), "x");
symlinkSync("users/there", join(folder, "a/link"));

test("a file system that a user's program serves is never asked, not even by a link that leads there", async () => {
  const root = await open(folder, LOOK_AT_FOLDER);
  const inside = { root, mounts: [{ id: "1", point: "/a/users", kind: "user" as const }] };
  for (const path of ["/a/users/there", "/a/link", "/a/users"])
    await assert.rejects(find(inside, path), { code: "file_on_user_filesystem" }, path);
  await (await openInside(inside, "/a/file")).file.close();
  await root.close();
});

test("below a model's folder no file system of a user's, nor the kernel's own words, may be mounted", () => {
  const mount = (point: string, kind: "files" | "user" | "kernel") => [{ id: "1", point, kind }];
  for (const point of ["/models/m/a", "/models/m/a/b"]) {
    assert.throws(() => requireFilesBelow(mount(point, "user"), "/models/m"), {
      code: "file_on_user_filesystem",
    });
    assert.throws(() => requireFilesBelow(mount(point, "kernel"), "/models/m"), { code: "file_not_regular" });
    requireFilesBelow(mount(point, "files"), "/models/m");
  }
  for (const point of ["/models/m-2", "/models/other", "/"])
    requireFilesBelow(mount(point, "user"), "/models/m");
});

test("wherever links lead, what is found lies inside the root", async () => {
  const root = await open(folder, LOOK_AT_FOLDER);
  const inside = { root, mounts: [] };
  const part = fc.constantFrom("..", ".", "a", "b", "/", "file", "users", "etc", "passwd", "tmp");
  let links = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 8 }), async (attackerParts) => {
      const name = `l${links++}`;
      symlinkSync(attackerParts.join("/"), join(folder, name));
      try {
        const { real, file } = await openInside(inside, `/${name}`);
        await file.close();
        assert.equal(real, "/a/file");
      } catch (error) {
        assert.ok(error instanceof HostRefusal, String(error));
      }
    }),
    { numRuns: 150 },
  );
  await root.close();
});

test("a path with anything in it that could be read two ways is no path", () => {
  for (const path of [
    "",
    "a",
    "/",
    "/a/",
    "//a",
    "/a//b",
    "/./a",
    "/a/.",
    "/a/..",
    "/../a",
    "/a\nb",
    "/a\u007f",
    `/${"a".repeat(5000)}`,
  ])
    assert.equal(isPlainPath(path), false, JSON.stringify(path));
  for (const path of ["/a", "/a/b.c", "/..a", "/a../.b", "/a b:c", "/ä/日"])
    assert.equal(isPlainPath(path), true, path);
});
