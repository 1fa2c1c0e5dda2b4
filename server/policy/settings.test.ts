import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readSettings } from "./settings.ts";

const read = (settings: string, name = "business-hours") =>
  readSettings([
    { name, text: "", settings },
    { name: "other", text: "" },
  ]);
const problem = (settings: string): string => {
  const { problems, types, values } = read(settings);
  assert.deepEqual([types, values], [{}, {}], settings);
  const [first] = problems;
  assert.equal(first?.file, "business-hours.settings.yaml");
  return `${first.line}:${first.column} ${first.message}`;
};

test("each kind of setting has its Cedar type and value, under the file's name", () => {
  const { types, values, problems } = read(`
# When destructive operations may run.
most: { decimal: "5000.00" }
first_hour: 8
weekends: false
zone: Europe/Berlin
holidays: ["2026-12-25", 2026-12-26, "2026-12-25"]
none: []
`);
  assert.deepEqual(problems, []);
  const text = { type: "Set", element: { type: "String" } };
  assert.deepEqual(types, {
    business_hours: {
      most: { type: "Extension", name: "decimal" },
      first_hour: { type: "Long" },
      weekends: { type: "Boolean" },
      zone: { type: "String" },
      holidays: text,
      none: text,
    },
  });
  assert.deepEqual(values.business_hours, {
    most: { __extn: { fn: "decimal", arg: "5000.00" } },
    first_hour: 8,
    weekends: false,
    zone: "Europe/Berlin",
    holidays: ["2026-12-25", "2026-12-26"],
    none: [],
  });
});

test("what cannot be carried is refused where it stands", () => {
  assert.match(problem("a: 1\nb: 1.5\n"), /^2:4 b: Write a number with a fraction/);
  assert.match(problem("a: 1e3\n"), /^1:4 a: Write a number with a fraction/);
  assert.match(problem("a: 9007199254740993\n"), /^1:4 a: An integer has at most/);
  assert.match(problem("a:\n"), /^1:3 a: A setting is/);
  assert.match(problem("a: null\n"), /^1:4 a: A setting is/);
  assert.match(problem("a: [1, 2]\n"), /^1:4 a: A list holds texts only/);
  assert.match(problem("a: { decimal: 5 }\n"), /^1:4 a: A decimal is quoted/);
  assert.match(problem('a: { decimal: "5.00001" }\n'), /A decimal is quoted/);
  assert.match(problem('a: { decimal: "999999999999999.0" }\n'), /A decimal is quoted/);
  assert.match(problem("a: { b: 1 }\n"), /^1:4 a: A setting is/);
  assert.match(problem("a: &x 1\nb: *x\n"), /^2:4 b: Write the value out/);
  assert.match(problem("a: !!str 1\n"), /^1:\d+ a: A value has no tag/);
  assert.match(problem("A: 1\n"), /^1:1 A setting's name/);
  assert.match(problem("__proto__: 1\n"), /^1:1 A setting's name/);
  assert.match(problem("a: 1\na: 2\n"), /^2:1 .*unique/);
  assert.match(problem("- a\n"), /^1:1 Settings are named values/);
  assert.match(problem("a: [\n"), /^\d+:\d+ /);
  assert.match(problem("a: 1\n---\nb: 2\n"), /^\d:\d /);
});

test("an empty file has no settings and no problem", () => {
  assert.deepEqual(read("# nothing yet\n"), {
    types: { business_hours: {} },
    values: { business_hours: {} },
    problems: [],
  });
});

test("no text makes it throw, and a file with a problem gives no settings", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
      const { problems, types } = read(text);
      if (problems.length > 0) assert.deepEqual(types, {});
    }),
  );
});
