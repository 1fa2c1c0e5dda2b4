import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

/** Everything that the door brings in, itself included. */
function reachable(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, specifier = ""] of readFileSync(file, "utf8").matchAll(/\bfrom "([^"]+)"/g)) {
    assert.match(specifier, /^\.\.?\//, `${file} imports ${specifier}`);
    reachable(join(dirname(file), specifier), found);
  }
  return found;
}

test("deciding needs neither Node nor WebAssembly nor anything else that is installed", () => {
  const files = reachable(join(import.meta.dirname, "index.ts"));
  assert.ok(files.size > 30);
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    assert.doesNotMatch(text, /\bimport\(|\brequire\(|\bprocess\.|\bBuffer\b|\bglobalThis\b/, file);
  }
});

test("deciding compiles no text to code, so that the strictest content security policy allows it", () => {
  for (const file of reachable(join(import.meta.dirname, "index.ts"))) {
    assert.doesNotMatch(readFileSync(file, "utf8"), /\beval\b|new Function|setTimeout|WebAssembly\./, file);
  }
});
