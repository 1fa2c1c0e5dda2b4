import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = "proof|cedar|server|sdk|cli|examples|policies|api|docs|bench|conformance|tools";

const documents = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...["docs", "docs/decisions"].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];

/** Files that a document names, as `folder/file.ext` in backticks, and the targets of its links. */
function filesNamedIn(document: string): string[] {
  const text = readFileSync(join(ROOT, document), "utf8");
  const quoted = [...text.matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]+\\.\\w+)`, "g"))].map(
    ([, path]) => path,
  );
  const linked = [...text.matchAll(/\]\((?!http|#)([^)#]+)\)/g)].map(([, path]) =>
    join(document, "..", path ?? ""),
  );
  return [...quoted, ...linked].filter((path) => path !== undefined);
}

for (const document of documents) {
  test(`every file that ${document} names is there`, () => {
    const missing = filesNamedIn(document).filter((path) => !existsSync(join(ROOT, path)));
    assert.deepEqual(missing, []);
  });
}
