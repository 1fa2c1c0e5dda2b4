import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStrict } from "@countersign/proof/jcs";
import { pointedAt } from "./pointer.ts";

const document = parseStrict('{"a/b": {"m~n": [10, {"": 20}]}, "__proto__": 30, "": 40}');

test("a pointer finds what RFC 6901 says", () => {
  assert.deepEqual(pointedAt(document, ""), document);
  assert.equal(pointedAt(document, "/a~1b/m~0n/0"), 10);
  assert.equal(pointedAt(document, "/a~1b/m~0n/1/"), 20);
  assert.equal(pointedAt(document, "/"), 40);
  assert.equal(pointedAt(document, "/__proto__"), 30);
});

test("what an answer does not hold is not found in JavaScript either", () => {
  for (const pointer of [
    "/constructor",
    "/toString",
    "/a~1b/__proto__",
    "/a~1b/m~0n/length",
    "/a~1b/m~0n/00",
    "/a~1b/m~0n/-",
    "/a~1b/m~0n/-1",
    "/a~1b/m~0n/2",
    "/a~1b/m~0n/0/0",
    "/none/below",
  ])
    assert.equal(pointedAt(document, pointer), undefined, pointer);
  assert.equal(pointedAt("text", "/0"), undefined);
  assert.equal(pointedAt(null, "/a"), undefined);
});
