import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalize, type Json } from "../jcs/index.ts";
import { isEventEntry } from "./canonical-scan.ts";
import { readEventEntry } from "./event-entry.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Reading the entry and writing it again is the oracle. */
function agree(entry: Uint8Array) {
  assert.equal(
    isEventEntry(entry),
    readEventEntry(entry) !== undefined,
    Buffer.from(entry).toString("latin1"),
  );
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 6 }).filter((s) => s.isWellFormed()),
  fc.string({
    unit: fc.constantFrom(
      "a",
      "b",
      '"',
      "\\",
      "\n",
      "\u0001",
      "\u001f",
      "\u007f",
      "\u00e9",
      "\ufffd",
      "\u{1f600}",
    ),
    maxLength: 4,
  }),
  fc.constantFrom("id", "i", "idd", "", "1", "10", "9", "__proto__"),
);
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -1, 1e-7, 0.1, 1e15, 999999999999999, 9007199254740991, -9007199254740991, 5e-324),
);
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    number,
    text,
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(text, tie("value")), { selector: ([name]) => name, maxLength: 5 })
      .map((members) => Object.fromEntries(members)),
  ),
}));
const event = fc
  .tuple(fc.uniqueArray(fc.tuple(text, value), { selector: ([name]) => name, maxLength: 5 }), text)
  .map(([members, id]): Json => Object.fromEntries([...members, ["id", id]]));

test("the scan judges canonical entries as reading and writing them does", () => {
  const property = fc.property(event, (one) => agree(bytes(canonicalize(one))));
  fc.assert(property, { numRuns: 1000 });
});

test("the scan judges entries with a byte changed, added or taken away in the same way", () => {
  const byte = fc.oneof(
    fc.constantFrom(...bytes('{}[]:,"\\ \t0129-+.eEutnfalsd/')),
    fc.integer({ min: 0, max: 255 }),
  );
  const property = fc.property(
    event,
    fc.nat(),
    fc.array(byte, { maxLength: 2 }),
    fc.nat({ max: 2 }),
    (one, at, put, take) => {
      const entry = bytes(canonicalize(one));
      const start = at % (entry.length + 1);
      agree(Uint8Array.of(...entry.subarray(0, start), ...put, ...entry.subarray(start + take)));
    },
  );
  fc.assert(property, { numRuns: 1500 });
});

test("the scan judges any bytes in the same way", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"id"',
    '"a"',
    '"b"',
    "1",
    "0",
    "-",
    ".5",
    "e5",
    "true",
    "null",
    " ",
    "\\u000",
    "\\n",
  );
  const property = fc.property(fc.array(pieces, { maxLength: 16 }), (parts) =>
    agree(bytes(`{${parts.join("")}`)),
  );
  fc.assert(property, { numRuns: 1000 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), agree), { numRuns: 500 });
});

for (const entry of [
  "{}",
  '{"id":"a"}',
  '{"id":""}',
  '{"id":1}',
  '{"a":{"id":"x"}}',
  '{"a":1,"id":"x"}',
  '{"id":"x","a":1}',
  '{"id":"x","id":"x"}',
  '{"10":1,"9":2,"id":"x"}',
  '{"9":1,"10":2,"id":"x"}',
  '{"a":1,"a!":2,"id":"x"}',
  '{"a!":1,"a":2,"id":"x"}',
  '{"\u{1f600}":1,"\ufffd":2,"id":"x"}',
  '{"\ufffd":1,"\u{1f600}":2,"id":"x"}',
  '{"\\n":1,"\\r":2,"id":"x"}',
  '{"\\r":1,"\\n":2,"id":"x"}',
  '{"\\"":1,"id":"x"}',
  '{"id":"\\u000a"}',
  '{"id":"\\u000b"}',
  '{"id":"\\u000B"}',
  '{"id":"\\u001F"}',
  '{"id":"\\u0020"}',
  '{"id":"\\/"}',
  '{"id":"\\ud800"}',
  '{"id":"x","n":-0}',
  '{"id":"x","n":0}',
  '{"id":"x","n":01}',
  '{"id":"x","n":1.0}',
  '{"id":"x","n":1e5}',
  '{"id":"x","n":1e-7}',
  '{"id":"x","n":1E-7}',
  '{"id":"x","n":9007199254740991}',
  '{"id":"x","n":9007199254740992}',
  '{"id":"x","n":1e+21}',
  '{"id":"x","n":1e999}',
  '{"id":"x","n":-}',
  '{"id":"x",}',
  '{"id":"x"}}',
  '{"id":"x"} ',
  '{"id":"x","l":[1,]}',
  '{"id":"x","l":[,1]}',
  '{"id":"x","l":[]}',
  '{"id":"x","l":[[],{}]}',
  '{"id":"x","t":tru}',
  '{"id":"x"',
  '{"id"',
  "{",
  "",
  '\ufeff{"id":"x"}',
]) {
  test(`the scan and the oracle agree on ${JSON.stringify(entry)}`, () => agree(bytes(entry)));
}

test("entries nested 64 deep are read, 65 deep are not", () => {
  const nested = (depth: number) => bytes(`{"a":${"[".repeat(depth)}${"]".repeat(depth)},"id":"x"}`);
  assert.ok(isEventEntry(nested(63)));
  assert.ok(!isEventEntry(nested(64)));
  agree(nested(63));
  agree(nested(64));
});

test("bytes that are not UTF-8 are no entry", () => {
  for (const hex of ["ff", "c328", "eda080", "f4908080", "c080", "e282"]) {
    const entry = Buffer.concat([bytes('{"id":"'), Buffer.from(hex, "hex"), bytes('"}')]);
    assert.ok(!isEventEntry(entry), hex);
    agree(entry);
  }
});
