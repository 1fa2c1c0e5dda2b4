import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { contracts, pathOf, pinned } from "./contracts.ts";

for (const [name, contract] of Object.entries(contracts())) {
  test(`api/${name} is what the code says (node tools/contracts.ts writes it)`, () => {
    assert.equal(readFileSync(pathOf(name), "utf8"), pinned(contract));
  });
}
