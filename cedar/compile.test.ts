import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, compileInSteps, type ExprJson, type PolicyJson, type PolicySource } from "./index.ts";
import { parsePolicies } from "./parse.ts";
import { nobody, question } from "./test-question.ts";

const all = { op: "All" } as const;
const policy: PolicyJson = { effect: "permit", principal: all, action: all, resource: all, conditions: [] };

function when(body: unknown): PolicySource {
  return { policies: { p: { ...policy, conditions: [{ kind: "when", body: body as ExprJson }] } } };
}

function refuses(source: unknown, message: RegExp, path?: string): void {
  assert.throws(
    () => compile(source as PolicySource),
    (error: Error & { path?: string }) => {
      assert.equal(error.name, "CompileError");
      assert.match(error.message, message);
      if (path !== undefined) assert.equal(error.path, path);
      return true;
    },
  );
}

test("an expression that is not one is refused with the policy and the place", () => {
  refuses(when({ nonsense: [] }), /p: There is no operator or function "nonsense"/, "conditions.0.body");
  refuses(when({ "!": { arg: { Var: "you" } } }), /The variables are/, "conditions.0.body.!.arg");
  refuses(when({ "==": { left: { Value: 1 } } }), /has no "right"/);
  refuses(
    when({ "==": { left: { Value: 1 }, right: { Value: 1.5 } } }),
    /not an integer/,
    "conditions.0.body.==.right",
  );
  refuses(when({ Value: 2 ** 60 }), /beyond 2\^53/);
  refuses(when({ Value: null }), /found null/);
  refuses(when({ Value: 1, Var: "context" }), /exactly one operator/);
  refuses(when({}), /exactly one operator/);
  refuses(when(null), /exactly one operator/);
  refuses(when("context"), /exactly one operator/);
  refuses(when({ Slot: "?principal" }), /There is no operator/);
  refuses(when({ has: { left: { Var: "context" }, attr: [] } }), /path of has is empty/);
  refuses(when({ is: { left: { Var: "context" }, entity_type: "no type" } }), /no valid entity type/);
  refuses(when({ like: { left: { Value: "" }, pattern: [{ Glob: "x" }] } }), /pattern is made of/);
  refuses(when({ __proto__: null, toString: [] }), /There is no operator or function "toString"/);
});

test("a policy that is not one is refused", () => {
  const broken: [object, RegExp][] = [
    [{ effect: "allow" }, /permit or a forbid/],
    [{ conditions: undefined }, /list of conditions/],
    [{ conditions: [{ kind: "if", body: { Value: true } }] }, /a when or an unless/],
    [{ principal: { op: "!=" } }, /none of All/],
    [{ principal: { op: "==", entity: { type: "User" } } }, /Expected a string/],
    [{ principal: { op: "is", entity_type: "no type" } }, /no valid entity type/],
    [{ principal: { op: "==", slot: "?principal" } }, /slot \?principal has no value/],
    [{ action: { op: "is", entity_type: "Action" } }, /none of All, == and in/],
    [{ resource: undefined }, /none of All/],
  ];
  for (const [part, message] of broken) refuses({ policies: { p: { ...policy, ...part } } }, message);
});

test("ids are distinct among policies, templates and links, and links have templates", () => {
  const template: PolicyJson = { ...policy, principal: { op: "==", slot: "?principal" } };
  const values = { "?principal": { type: "User", id: "alice" } };
  const link = { templateId: "t", newId: "l", values };
  const source = { policies: { p: policy }, templates: { t: template } };
  assert.equal(compile({ ...source, links: [link] }).size, 2);
  refuses({ ...source, links: [link, link] }, /l: The id is given twice/);
  refuses({ ...source, links: [{ ...link, newId: "p" }] }, /p: The id is given twice/);
  refuses({ ...source, links: [{ ...link, newId: "t" }] }, /t: The id is given twice/);
  refuses({ ...source, links: [{ ...link, templateId: "u" }] }, /There is no template u/);
  refuses({ ...source, links: [{ ...link, values: {} }] }, /slot \?principal has no value/);
});

test("a template is checked even if nothing links it", () => {
  refuses(
    { policies: {}, templates: { t: { ...policy, principal: { op: "==" } } } },
    /t: Expected an object/,
  );
  refuses(
    { policies: {}, templates: { t: { ...policy, conditions: [{}] } } },
    /t: A condition is/,
    "conditions.0",
  );
});

test("a path of `has` may be as long as anybody likes", () => {
  const path = Array.from({ length: 50_000 }, () => "a");
  const set = compile(when({ has: { left: { Var: "context" }, attr: path } }));
  assert.deepEqual(set.decide(question({ context: { a: { a: {} } } }), nobody).errors, []);
});

test("an expression may nest deeply and is refused beyond a bound, long before the stack ends", () => {
  const nested = (levels: number): ExprJson => {
    let expression: ExprJson = { Var: "context" };
    for (let level = 0; level < levels; level += 1) expression = { "!": { arg: expression } };
    return expression;
  };
  assert.equal(compile(when(nested(390))).size, 1);
  refuses(when(nested(401)), /nests deeper than 400 levels/);
  assert.equal(compile(when(nested(390))).decide(question(), nobody).errors[0]?.kind, "type");
  refuses(when(nested(100_000)), /nests deeper than 400 levels/);
});

test("a type test with `in` evaluates what it asks about once, however deeply such tests nest", () => {
  let expression: unknown = { Var: "principal" };
  for (let level = 0; level < 60; level += 1) {
    const asks = { is: { left: expression, entity_type: "User", in: { Var: "resource" } } };
    const principal = { Var: "principal" };
    // biome-ignore lint/suspicious/noThenProperty: Cedar's JSON form names it so
    expression = { "if-then-else": { if: asks, then: principal, else: principal } };
  }
  const set = compile(when({ "==": { left: expression, right: { Var: "principal" } } }));
  assert.equal(set.decide(question(), nobody).decision, "allow");
});

test("a chain of thousands of `||` or `&&` is one step deep", () => {
  for (const operator of ["&&", "||"]) {
    let expression: unknown = { "==": { left: { Var: "principal" }, right: { Var: "action" } } };
    for (let link = 0; link < 20_000; link += 1) {
      const right = { has: { left: { Var: "context" }, attr: operator === "||" ? `a${link}` : "b" } };
      expression = { [operator]: { left: expression, right } };
    }
    const set = compile(when(expression));
    const decided = set.decide(question({ context: { a19999: 1, b: 1 } }), nobody);
    assert.equal(decided.decision, operator === "||" ? "allow" : "deny");
    assert.deepEqual(decided.errors, []);
  }
});

test("values nest to a bound in policies and in contexts, and are refused beyond it", () => {
  let value: unknown = 1;
  for (let level = 0; level < 200; level += 1) value = [value];
  refuses(when({ Value: value }), /nests deeper than 100 levels/);
  const set = compile({ policies: { policy } });
  assert.throws(() => set.decide(question({ context: { value } }), nobody), /nests deeper than 100 levels/);
});

test("a set can be compiled policy by policy, and is then the same set", () => {
  const policies = Object.fromEntries(Array.from({ length: 50 }, (_, position) => [`p${position}`, policy]));
  const steps = compileInSteps({ policies });
  const yielded: number[] = [];
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) yielded.push(step.value);
  assert.deepEqual(
    yielded,
    Array.from({ length: 50 }, (_, position) => position + 1),
  );
  assert.deepEqual(step.value.decide(question(), nobody), compile({ policies }).decide(question(), nobody));
});

test("each step of compiling makes one policy ready, so that other work can go on in between", () => {
  const text = Array.from({ length: 100 }, (_, position) => {
    return `permit(principal in Group::"g${position}", action, resource) when { context.n + ${position} > 7 };`;
  }).join("\n");
  const { source } = parsePolicies(text);
  assert.ok(source !== undefined);
  assert.deepEqual(
    [...compileInSteps(source)],
    Array.from({ length: 100 }, (_, position) => position + 1),
  );
});

test("what the parser returns can be sent to another thread, 64-bit integers included", () => {
  const { source } = parsePolicies(
    "permit(principal, action, resource) when { context.n == 9223372036854775807 };",
  );
  assert.ok(source !== undefined);
  const context = { n: 9223372036854775807n };
  const answer = compile(structuredClone(source)).decide(question({ context }), nobody);
  assert.equal(answer.decision, "allow");
});
