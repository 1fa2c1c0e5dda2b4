import assert from "node:assert/strict";
import { test } from "node:test";
import { policySetTextToParts } from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { parsePolicies, parseSchema } from "./parse.ts";

const open = "permit(principal, action, resource)";

function bodyOf(condition: string): unknown {
  const { source, problems } = parsePolicies(`${open} when { ${condition} };`);
  assert.deepEqual(problems, []);
  return source?.policies.policy0?.conditions[0]?.body;
}

test("integers are exact over all 64 bits, wherever they stand", () => {
  assert.deepEqual(bodyOf("9223372036854775807"), { Value: 9223372036854775807n });
  assert.deepEqual(bodyOf("-9223372036854775808"), { Value: -9223372036854775808n });
  assert.deepEqual(bodyOf("--9223372036854775808"), { neg: { arg: { Value: -9223372036854775808n } } });
  assert.deepEqual(bodyOf("9007199254740991"), { Value: 9007199254740991 });
  assert.deepEqual(bodyOf("[000009007199254740993]"), { Set: [{ Value: 9007199254740993n }] });
  assert.deepEqual(bodyOf('"9007199254740993"'), { Value: "9007199254740993" });
  assert.deepEqual(bodyOf("true // 9007199254740993\n"), { Value: true });
  assert.deepEqual(bodyOf("context.a9007199254740993"), {
    ".": { left: { Var: "context" }, attr: "a9007199254740993" },
  });
});

test("no string can pass for an integer, however it is written", () => {
  const spelt = String.raw`"\u{69}nteger:9007199254740993" == 9007199254740993`;
  const right = { Value: 9007199254740993n };
  assert.deepEqual(bodyOf(spelt), { "==": { left: { Value: "integer:9007199254740993" }, right } });
  assert.deepEqual(bodyOf(`"xinteger:1" == 9007199254740993`), {
    "==": { left: { Value: "xinteger:1" }, right },
  });
});

test("any 64-bit integer comes out of the text as it went in", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (integer) => {
      assert.deepEqual(BigInt((bodyOf(String(integer)) as { Value: bigint }).Value), integer);
    }),
  );
});

test("an integer beyond 64 bits is refused where it stands, also behind a minus in brackets", () => {
  for (const written of ["9223372036854775808", "-(9223372036854775808)", "-9223372036854775809"]) {
    const text = `${open} when { ${written} == 1 };`;
    const [problem] = parsePolicies(text).problems;
    assert.match(problem?.message ?? "", /too large/, written);
    assert.ok(text.slice(problem?.start, problem?.end).includes("922337203685477580"), written);
  }
});

test("policies are named by position, or by their @id where that is asked for", () => {
  const text = `${open}; @id("mine") ${open}; permit(principal == ?principal, action, resource);`;
  const byPosition = parsePolicies(text).source;
  assert.deepEqual(Object.keys(byPosition?.policies ?? {}), ["policy0", "policy1"]);
  assert.deepEqual(Object.keys(byPosition?.templates ?? {}), ["policy2"]);
  assert.deepEqual(Object.keys(parsePolicies(text, "annotation").source?.policies ?? {}), [
    "policy0",
    "mine",
  ]);
  assert.match(
    parsePolicies(`@id("a")${open};@id("a")${open};`, "annotation").problems[0]?.message ?? "",
    /twice/,
  );
});

test("an @id may be the name of anything", () => {
  const { source } = parsePolicies(`@id("__proto__") ${open}; @id("constructor") ${open};`, "annotation");
  assert.deepEqual(Object.keys(source?.policies ?? {}), ["__proto__", "constructor"]);
});

test("every problem has its place in the whole text, in positions of the string", () => {
  const text = `${open}; // \u{1F600} é\n${open} when { "\u{1F600}" == nobody };\n${open} when { 1 + };`;
  const { source, problems } = parsePolicies(text);
  assert.equal(source, undefined);
  assert.equal(text.slice(problems[0]?.start, problems[0]?.end), "nobody");
  assert.equal(problems.length, 2);
  assert.ok((problems[1]?.start ?? 0) > text.lastIndexOf("1 +"));
});

test("semicolons and slots in strings and comments end and mean nothing", () => {
  const text = `${open} when { "; ?principal \\" ;" == "x" }; // ?resource ; \n${open};`;
  const { source, problems } = parsePolicies(text);
  assert.deepEqual(problems, []);
  assert.equal(Object.keys(source?.policies ?? {}).length, 2);
  assert.deepEqual(source?.templates, {});
});

test("text after the last policy, an open string and a lone bracket are problems, never ignored", () => {
  for (const rest of ["permit", '"', "}", "/", "?", "\u0000", "\\"]) {
    assert.equal(parsePolicies(`${open};${rest}`).source, undefined, rest);
  }
  assert.equal(Object.keys(parsePolicies(`${open}; // the end`).source?.policies ?? {}).length, 1);
});

test("a text is cut into the same policies as cedar-wasm sees in the whole of it", () => {
  const pieces = fc.constantFrom(
    `${open};`,
    `${open} when { "x" };`,
    "forbid(principal == ?principal, action, resource);",
    "//",
    "// ;",
    "\n",
    "\r",
    "\u2028",
    "\u0085",
    "\ufeff",
    " ",
    '"',
    "\\",
    ";",
    "/",
    "é",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 9 }), (chosen) => {
      const text = chosen.join("");
      const whole = policySetTextToParts(text);
      const { source } = parsePolicies(text);
      if (whole.type === "failure") return assert.equal(source, undefined, JSON.stringify(text));
      assert.equal(Object.keys(source?.policies ?? {}).length, whole.policies.length, JSON.stringify(text));
      assert.equal(Object.keys(source?.templates ?? {}).length, whole.policy_templates.length);
    }),
    { numRuns: 1000 },
  );
});

test("a text without an end takes one pass", () => {
  const begun = performance.now();
  assert.equal(parsePolicies(`"${'\\"'.repeat(200_000)}`).source, undefined);
  assert.equal(parsePolicies(`${'"\\'.repeat(200_000)}`).source, undefined);
  assert.ok(performance.now() - begun < 2000);
});

test("what would exhaust the parser is refused before it, and the parser lives", () => {
  const hostile = [
    `${"(".repeat(100_000)}true${")".repeat(100_000)}`,
    `${"[".repeat(200)}${"]".repeat(200)} == 1`,
    `${"{a:".repeat(200)}1${"}".repeat(200)} == 1`,
    `${"if true then ".repeat(1000)}true${" else false".repeat(1000)}`,
    Array(30_000).fill("true").join("||"),
    Array(30_000).fill("1").join("+"),
    `context${".a".repeat(30_000)}`,
    `context${'["a"]'.repeat(30_000)}`,
    `context${".contains(1)".repeat(30_000)}`,
    `context has a${".a".repeat(30_000)}`,
  ];
  const clauses = parsePolicies(`${open} ${"when { true }".repeat(30_000)};`);
  assert.match(clauses.problems[0]?.message ?? "", /more than/);
  for (const condition of hostile) {
    assert.match(
      parsePolicies(`${open} when { ${condition} };`).problems[0]?.message ?? "",
      /deeper than|more than/,
    );
  }
  assert.deepEqual(bodyOf("true"), { Value: true });
});

test("a long list of entities is no nesting", () => {
  const list = Array.from({ length: 5000 }, (_, position) => `User::"u${position}"`).join(",");
  assert.deepEqual(parsePolicies(`${open} when { principal in [${list}] };`).problems, []);
  const path = Array(20_000).fill("A").join("::");
  assert.deepEqual(parsePolicies(`permit(principal is ${path}, action, resource);`).problems, []);
});

test("a schema's problem has its place", () => {
  const text = "entity Ünknown;";
  const { schema, problems } = parseSchema(text);
  assert.equal(schema, undefined);
  assert.ok(problems.length > 0 && text.slice(problems[0]?.start).startsWith("Ü"));
});
