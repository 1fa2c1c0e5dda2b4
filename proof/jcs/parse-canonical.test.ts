import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalize, type Json, JsonError, parseCanonical, parseStrict } from "./index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What it must say, from the two slow functions alone. */
function slowly(text: string): Json | undefined {
  try {
    const value = parseStrict(text);
    return canonicalize(value) === text ? value : undefined;
  } catch (error) {
    assert.ok(error instanceof JsonError);
    return undefined;
  }
}

function quickly(text: string): Json | undefined {
  try {
    return parseCanonical(bytes(text));
  } catch (error) {
    assert.ok(error instanceof JsonError);
    return undefined;
  }
}

const names = fc.constantFrom(
  "a",
  "b",
  "1",
  "2",
  "10",
  "__proto__",
  "",
  "\u00e9",
  "\ufb33",
  "\u{1f600}",
  "\u0001",
);
const leaves = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    1,
    -1,
    0.5,
    1e-7,
    2 ** 53 - 1,
    2 ** 53,
    1e21,
    "\u0000",
    '"',
    "\\",
    "é",
  ),
  fc.string({ maxLength: 5 }),
);
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    leaves,
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(names, tie("json"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test("a canonical text is read as strictly as by hand, and no other text is read", () => {
  const texts = fc.oneof(
    json.map((value) => canonicalize(value)),
    json.map((value) => JSON.stringify(value)),
    fc
      .tuple(
        json,
        fc.nat(),
        fc.constantFrom(" ", "0", ",", '"', "\\u0061", "e1", "-", "}", "\ud800", "\ufeff", ""),
      )
      .map(([value, at, change]) => {
        const text = canonicalize(value);
        const place = at % (text.length + 1);
        return text.slice(0, place) + change + text.slice(place + (change === "" ? 1 : 0));
      }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      if (!text.isWellFormed()) return;
      assert.deepEqual(quickly(text), slowly(text));
    }),
    { numRuns: 2000 },
  );
});

for (const text of [
  '{"a":1,"a":1}',
  '{"b":1,"a":1}',
  '{"a": 1}',
  '{"a":1.0}',
  '{"a":-0}',
  '{"a":9007199254740993}',
  '{"a":9007199254740992}',
  '{"a":1e400}',
  '{"a":1e-400}',
  '{"a":"\\ud800"}',
  '{"a":"\\u0061"}',
  '{"2":1,"10":1}',
  '\ufeff{"a":1}',
  `${"[".repeat(65)}${"]".repeat(65)}`,
  '{"a":1}\n',
  "",
]) {
  test(`${JSON.stringify(text).slice(0, 40)} is no canonical text`, () => {
    assert.throws(() => parseCanonical(bytes(text)), JsonError);
  });
}

test("names that an engine would put elsewhere, or take for a prototype, are read where they stand", () => {
  for (const text of [
    '{"10":1,"2":1}',
    '{"__proto__":{"a":1},"a":2}',
    `${"[".repeat(64)}${"]".repeat(64)}`,
  ]) {
    assert.equal(canonicalize(parseCanonical(bytes(text))), text);
  }
  const value = parseCanonical(bytes('{"__proto__":{"polluted":true}}'));
  assert.equal(Reflect.get({}, "polluted"), undefined);
  assert.deepEqual(Object.keys(value as object), ["__proto__"]);
});

test("bytes that are no UTF-8 are no canonical text", () => {
  assert.throws(() => parseCanonical(Uint8Array.of(0x22, 0xff, 0x22)), JsonError);
  assert.throws(() => parseCanonical(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22)), JsonError);
});
