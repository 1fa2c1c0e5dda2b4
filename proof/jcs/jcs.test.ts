import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalBytes, canonicalize, type Json, JsonError, maximumDepth, parseStrict } from "./index.ts";

const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
);
const { value: anyJson } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    number,
    fc.string({ unit: "binary" }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.string({ unit: "binary" }), tie("value")), {
        selector: ([k]) => k,
        maxLength: 5,
      })
      .map((members) => Object.fromEntries(members)),
  ),
}));

function refuses(text: string | Uint8Array) {
  assert.throws(() => parseStrict(text), JsonError);
}

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

test("what is written canonically is read back as the same value", () => {
  fc.assert(fc.property(anyJson, (value) => assert.deepEqual(parseStrict(canonicalize(value)), value)));
});

test("what is read is what JSON.parse reads", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      let mine: Json;
      try {
        mine = parseStrict(text);
      } catch (error) {
        assert.ok(error instanceof JsonError);
        return;
      }
      assert.deepEqual(mine, JSON.parse(text));
    }),
  );
});

test("any text at all is read as JSON.parse reads it, or refused with a JsonError", () => {
  const texts = fc.string({
    unit: fc.constantFrom(...'{}[]:,"\\u0dA19.eE+- \n\ttruefalsn\u0001\ud800'),
    maxLength: 24,
  });
  fc.assert(
    fc.property(texts, (text) => {
      let mine: Json;
      try {
        mine = parseStrict(text);
      } catch (error) {
        assert.ok(error instanceof JsonError);
        return;
      }
      assert.deepEqual(mine, JSON.parse(text));
    }),
    { numRuns: 3000 },
  );
});

test("the order of members does not matter", () => {
  const members = fc.uniqueArray(fc.tuple(fc.string(), anyJson), {
    selector: ([name]) => name,
    maxLength: 8,
  });
  fc.assert(
    fc.property(
      members.chain((entries) =>
        fc.tuple(
          fc.constant(entries),
          fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length }),
        ),
      ),
      ([entries, shuffled]) =>
        assert.equal(canonicalize(Object.fromEntries(entries)), canonicalize(Object.fromEntries(shuffled))),
    ),
  );
});

test("RFC 8785's own example comes out byte for byte", () => {
  const value: Json = {
    numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  assert.equal(
    canonicalize(value),
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("RFC 8785's members sort by UTF-16 code units, not by code points", () => {
  const value: Json = {
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
  };
  const order = Object.keys(parseStrict(canonicalize(value)) as object).map((name) => name.codePointAt(0));
  assert.deepEqual(order.slice(1), [0x0d, 0x80, 0xf6, 0x20ac, 0x1f600, 0xfb33]);
  assert.equal(canonicalize(value).startsWith('{"\\r":"Carriage Return","1":"One",'), true);
});

test("numbers are written as ECMAScript writes them, and minus zero is zero", () => {
  const cases: [number, string][] = [
    [-0, "0"],
    [5e-324, "5e-324"],
    [Number.MAX_VALUE, "1.7976931348623157e+308"],
    [9007199254740992, "9007199254740992"],
    [1e21, "1e+21"],
    [1e-7, "1e-7"],
  ];
  for (const [value, text] of cases) assert.equal(canonicalize(value), text);
});

test("canonicalize refuses what JSON cannot hold", () => {
  const cyclic: Json[] = [];
  cyclic.push(cyclic);
  const values: unknown[] = [Number.NaN, Infinity, -Infinity, undefined, [undefined], { a: undefined }, 1n];
  values.push(Symbol("s"), () => 1, new Date(0), new Map(), Buffer.from("a"), new (class A {})(), "\ud800");
  values.push(
    { "\udc00": 1 },
    { a: "x\udfff" },
    cyclic,
    new Array(2),
    { [Symbol("s")]: 1 },
    Object.create({ a: 1 }),
  );
  for (const value of values) assert.throws(() => canonicalize(value as Json), JsonError);
});

test("canonical bytes are the UTF-8 of the canonical text", () => {
  assert.deepEqual(canonicalBytes({ é: "😀" }), new TextEncoder().encode('{"é":"😀"}'));
});

test("a member that appears twice is refused, however it is spelled", () => {
  for (const text of ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"x":{"b":1,"b":2}}', '[{"":1,"":2}]'])
    refuses(text);
  refuses('{"__proto__":1,"__proto__":2}');
  refuses('{"toString":1,"toString":2}');
});

test("a number that JavaScript would round, overflow or lose is refused", () => {
  for (const text of [
    "9007199254740993",
    "9007199254740992",
    "-9007199254740992",
    "1e16",
    "1E400",
    "-1e999",
  ]) {
    refuses(text);
    refuses(`{"amount":${text}}`);
  }
  for (const text of ["1e-400", "0.0000001e-400", "-1e-99999"]) refuses(text);
  assert.equal(parseStrict("9007199254740991"), Number.MAX_SAFE_INTEGER);
  assert.equal(parseStrict("-9007199254740991"), Number.MIN_SAFE_INTEGER);
  assert.deepEqual(parseStrict("[0, -0, 0e5, 0.000, 1.5, 1e3]"), [0, -0, 0, 0, 1.5, 1000]);
});

test("__proto__ is an ordinary member and pollutes nothing", () => {
  const value = parseStrict('{"__proto__":{"admin":true},"constructor":1}') as Record<string, Json>;
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(value.admin, undefined);
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  assert.equal(canonicalize(value), '{"__proto__":{"admin":true},"constructor":1}');
});

test("nesting ends at 64, when reading and when writing", () => {
  const deepest = parseStrict(nested(maximumDepth));
  assert.equal(canonicalize(deepest), nested(maximumDepth));
  refuses(nested(maximumDepth + 1));
  refuses(`${'{"a":'.repeat(65)}1${"}".repeat(65)}`);
  refuses("[".repeat(1_000_000));
  assert.throws(() => canonicalize([deepest]), JsonError);
});

test("bytes must be UTF-8 without a byte order mark", () => {
  const quoted = (...bytes: number[]) => new Uint8Array([0x22, ...bytes, 0x22]);
  assert.equal(parseStrict(quoted(0xc3, 0xa9)), "é");
  for (const bytes of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]]) {
    refuses(quoted(...bytes));
  }
  refuses(new Uint8Array([0xef, 0xbb, 0xbf, 0x31]));
  refuses("\ufeff1");
});

const malformed = [
  "",
  " ",
  "{",
  "[1,]",
  "[,1]",
  '{"a":1,}',
  '{"a"}',
  "{a:1}",
  "{'a':1}",
  "01",
  "1.",
  ".5",
  "+1",
];
malformed.push(
  "-",
  "0x10",
  "1e",
  "NaN",
  "Infinity",
  "tru",
  "truex",
  "nul",
  "1 2",
  '"',
  '"\\',
  '"\\"',
  '"\\x"',
  '"\t"',
);
malformed.push(
  '"\u0000"',
  '"\\u12"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\ud800"',
  "//1",
  "1/**/",
  "\u00a01",
  "[1}",
  "\f1",
);
for (const text of malformed) {
  test(`the text ${JSON.stringify(text)} is refused`, () => refuses(text));
}

test("an error never repeats what was read", () => {
  assert.throws(
    () => parseStrict('{"secret-name":"s3cret","secret-name":1}'),
    (error: Error) => !/secret|s3cret/.test(error.message),
  );
});

test("the files run in a browser: they import nothing but each other", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => /^[^.]+\.ts$/.test(name));
  for (const file of [
    ...files.map((name) => `${import.meta.dirname}/${name}`),
    `${import.meta.dirname}/../digest/base64url.ts`,
  ]) {
    const imports = readFileSync(file, "utf8").matchAll(/from "([^"]+)"/g);
    for (const [, from] of imports) assert.match(from ?? "", /^\.\/[a-z-]+\.ts$/, file);
  }
});
