import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, readEntities } from "../index.ts";
import { exactText } from "../oracle/exact.ts";
import { type OracleAnswer, openOracle } from "../oracle/oracle.ts";
import { tables, worldOf } from "./operator-table.ts";

for (const table of tables()) {
  test(`every operator on ${table.name} is as cedar-wasm has it, whatever their types`, () => {
    const { source, entities, requests } = worldOf(table);
    const [request] = requests;
    assert.ok(request !== undefined);
    const expected = openOracle(source).ask(request, entities);
    const found = compile(source).decide(request, readEntities(entities));
    const [theirs, ours] = [outcomes(expected), outcomes(found)];
    for (const [i, expression] of table.expressions.entries()) {
      if (ours.get(`p${i}`) === theirs.get(`p${i}`)) continue;
      assert.equal(ours.get(`p${i}`), theirs.get(`p${i}`), exactText(expression));
    }
    assert.ok(new Set(theirs.values()).size > 3, "the answers must be mixed");
  });
}

/** What became of each policy; those that were not satisfied are not in it. */
function outcomes({ permits, errors }: Pick<OracleAnswer, "permits" | "errors">): Map<string, string> {
  const satisfied = permits.map((id) => [id, "satisfied"] as const);
  return new Map([...satisfied, ...errors.map(({ policy, kind }) => [policy, kind] as const)]);
}
