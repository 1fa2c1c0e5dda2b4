import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../compile.ts";
import type { EntityStore } from "../entity.ts";
import type { EntityUid, ExprJson } from "../policy-json.ts";
import { ann, ask, bob, entities, expression, plan, policies, read, remainder } from "./fuzz/ask.ts";

const remains = (condition: string, expected: string): void => {
  assert.deepEqual(remainder(condition), expression(expected), condition);
};

test("a policy whose scope excludes what is known is not in the residual", () => {
  const { residuals, permits } = ask(`
    permit(principal == User::"bob", action, resource);
    permit(principal in Group::"staff", action, resource is Doc);
    permit(principal, action == Action::"write", resource);
    forbid(principal is Robot, action, resource) when { resource.open };
    permit(principal is User in Group::"staff", action in [Action::"read"], resource);
  `);
  assert.deepEqual(
    residuals.map(({ policy }) => policy),
    ["policy1"],
  );
  assert.deepEqual(permits, ["policy4"]);
});

test("the scope's tests of an unknown entity are part of the condition", () => {
  const { residuals } = ask(
    `permit(principal, action, resource is Doc in Folder::"a") when { resource.open };`,
  );
  assert.deepEqual(residuals[0]?.condition, expression(`resource is Doc in Folder::"a" && resource.open`));
});

test("what is known and true leaves only the rest", () => {
  remains(`principal.limit > 10 && resource.open`, `true && resource.open`);
  remains(`principal.limit > 10 && resource has open`, `resource has open`);
  remains(`resource has open && principal.limit > 10`, `resource has open`);
  remains(`principal.limit > 60 || resource has open`, `resource has open`);
  remains(`if principal.limit > 10 then resource has a else resource has b`, `resource has a`);
});

test("what is known and decides leaves nothing, although the rest is unknown", () => {
  const nothing = (condition: string, satisfied: boolean) => {
    const { residuals, permits } = ask(`permit(principal, action, resource) when { ${condition} };`);
    assert.deepEqual([residuals.length, permits.length], [0, satisfied ? 1 : 0], condition);
  };
  nothing(`principal.limit > 60 && resource.open`, false);
  nothing(`principal.limit > 10 || resource.open`, true);
  nothing(`resource has open && principal.limit > 60`, false);
  nothing(`resource == Doc::"a" || principal.limit > 10`, true);
  nothing(`!(resource in Doc::"a" && false)`, true);
  nothing(`resource in []`, false);
  nothing(`principal.docs.contains(resource) && principal.limit > 60`, false);
  nothing(`resource.hasTag("a") && principal.limit > 60`, false);
  nothing(`resource == 1`, false);
});

test("what can err is not left out, however the rest turns out", () => {
  remains(`resource.size > 1 && principal.limit > 60`, `resource.size > 1 && false`);
  remains(`resource.size > 1 || principal.limit > 10`, `resource.size > 1 || true`);
  remains(`if resource.open then true else true`, `if resource.open then true else true`);
  remains(`resource.size * 0 == 0`, `resource.size * 0 == 0`);
  for (const part of [
    `resource.size == 1`,
    `resource.owner has name`,
    `resource.owner in []`,
    `resource in [1]`,
    `1 in resource`,
    `resource is Doc in [1]`,
    `resource.owner is Doc`,
    `{a: resource.size} has a`,
    `(resource has open) has a`,
    `resource.hasTag(resource.name)`,
    `resource.owner.hasTag("a")`,
    `resource.docs.contains(1)`,
    `[1].contains(resource.size)`,
    `(if resource.open then true else false)`,
    `!(resource.open == true)`,
    `resource`,
  ]) {
    remains(`${part} && false`, `${part} && false`);
  }
});

test("what stays behind still has to be a boolean", () => {
  for (const part of [
    `resource.owner`,
    `(if resource.open then User::"ann" else true)`,
    `(if resource.open then 1 else 2)`,
  ]) {
    const condition = `(principal.limit > 10 && ${part}) == User::"ann"`;
    const residual = ask(`permit(principal, action, resource) when { ${condition} };`);
    assert.equal(residual.decide({ resource: plan }).errors[0]?.kind, "type", part);
  }
});

test("known values stand in the condition, so that it can be read without the entities", () => {
  remains(`resource.size < principal.limit`, `resource.size < 50`);
  remains(`principal.docs.contains(resource)`, `[Doc::"plan"].contains(resource)`);
  remains(
    `resource.name like "a*" && resource.at < datetime("2024-01-01").offset(duration("1h"))`,
    `resource.name like "a*" && resource.at < datetime("1970-01-01").offset(duration("1704070800000ms"))`,
  );
  remains(`resource.price.lessThan(decimal("1.50"))`, `resource.price.lessThan(decimal("1.5"))`);
});

test("integers of 64 bits stand in the condition exactly", () => {
  const condition = remainder("resource.level == principal.level");
  assert.deepEqual(condition, {
    "==": { left: expression("resource.level"), right: { Value: 9007199254740993n } },
  });
});

test("the type of an unknown entity decides what it can", () => {
  const doc = { resource: { unknown: "Doc" } };
  const decided = (condition: string) =>
    ask(`permit(principal, action, resource) when { ${condition} };`, doc).decision;
  assert.equal(decided(`resource is Doc`), "allow");
  assert.equal(decided(`resource is Folder in Folder::"a"`), "deny");
  assert.equal(decided(`resource == User::"ann"`), "deny");
  assert.equal(decided(`resource == principal`), "deny");
  assert.equal(decided(`resource in Folder::"a"`), undefined);
  assert.deepEqual(remainder(`resource is Doc in Folder::"a"`, doc), expression(`resource in Folder::"a"`));
});

test("of a record with unknown members the others are known", () => {
  const request = { resource: plan, context: { args: { name: "x" } }, unknowns: ["context.args.amount"] };
  const amount = expression("context.args.amount");
  assert.deepEqual(remainder(`context.args.name == "x" && context.args.amount == 5`, request), {
    "==": { left: amount, right: { Value: 5 } },
  });
  assert.deepEqual(
    remainder(`context has args.name && context has args.amount`, request),
    expression("context.args has amount"),
  );
  assert.equal(remainder(`context has args.other || context.args.other`, request), undefined);
  assert.deepEqual(
    remainder(`context.args == {name: "x"}`, request),
    expression(`context.args == {name: "x"}`),
  );
});

test("an unknown member may turn out to be missing", () => {
  const residual = ask(
    `permit(principal, action, resource) when { context has args.amount && context.args.amount > 5 };`,
    {
      resource: plan,
      unknowns: ["context.args.amount"],
    },
  );
  assert.equal(residual.decision, undefined);
  assert.equal(residual.decide({}).decision, "deny");
  assert.equal(residual.decide({ context: { args: {} } }).decision, "deny");
  assert.equal(residual.decide({ context: { args: { amount: 6 } } }).decision, "allow");
});

test("names that JavaScript's objects give a meaning are names like any other", () => {
  const unknowns = [["__proto__"], ["constructor", "prototype"]];
  const context = JSON.parse(`{ "constructor": { "name": 1 } }`);
  const text = `permit(principal, action, resource) when { context["__proto__"] && context["constructor"].name == 1 };`;
  const residual = ask(text, { resource: plan, context, unknowns });
  assert.equal(residual.decide({ context: JSON.parse(`{ "__proto__": true }`) }).decision, "allow");
  assert.equal(residual.decide({ context: {} }).errors.length, 1);
});

test("the decision is given as soon as nothing unknown can change it", () => {
  const decision = (text: string) => ask(text).decision;
  const [certain, perhaps] = [
    "(principal, action, resource);",
    "(principal, action, resource) when { resource.open };",
  ];
  assert.equal(decision(""), "deny");
  assert.equal(decision(`permit${certain}`), "allow");
  assert.equal(decision(`permit${perhaps}`), undefined);
  assert.equal(decision(`permit${certain} permit${perhaps}`), "allow");
  assert.equal(decision(`permit${certain} forbid${perhaps}`), undefined);
  assert.equal(decision(`forbid${certain} permit${perhaps}`), "deny");
  assert.equal(decision(`forbid${perhaps}`), "deny");
});

test("a forbid that errs is named, now if that is certain and else when it is completed", () => {
  const residual = ask(`
    permit(principal, action, resource);
    forbid(principal, action, resource) when { principal.missing };
    forbid(principal, action, resource) when { resource.missing };
    forbid(principal, action, resource) when { resource.open && principal.missing };
  `);
  assert.deepEqual(
    residual.errors.map(({ policy }) => policy),
    ["policy1"],
  );
  const { errors, decision } = residual.decide({ resource: plan });
  assert.equal(decision, "allow");
  assert.deepEqual(
    errors.map(({ policy }) => policy),
    ["policy1", "policy2", "policy3"],
  );
});

test("an error behind something that can fail otherwise is left to completion", () => {
  for (const condition of [
    `[resource.size, principal.missing].isEmpty()`,
    `resource.size == principal.missing`,
  ]) {
    const residual = ask(`permit(principal, action, resource) when { ${condition} };`);
    assert.deepEqual(residual.errors, []);
    assert.match(residual.decide({ resource: plan }).errors[0]?.message ?? "", /size/);
  }
});

test("linked templates leave what their slots stand for", () => {
  const source = {
    policies: {},
    templates: { t: policies(`permit(principal, action, resource == Doc::"x");`).policies[0]?.json },
    links: [{ templateId: "t", newId: "l", values: { "?resource": plan } }],
  };
  const template = { ...source.templates.t, resource: { op: "==", slot: "?resource" } } as never;
  const set = compile({ ...source, templates: { t: template } } as never);
  const request = { principal: ann, action: read, resource: { unknown: "Doc" }, context: {} };
  assert.deepEqual(set.partial(request, entities).residuals, [
    { policy: "l", effect: "permit", condition: expression(`resource == Doc::"plan"`) },
  ]);
});

test("the schema's action groups are known without being in the store", () => {
  const schema = { "": { entityTypes: {}, actions: { read: { memberOf: [{ id: "any" }] }, any: {} } } };
  const body = expression(`action in Action::"any" && resource has open`);
  const policy = policies("permit(principal, action, resource);").policies[0]?.json;
  const set = compile(
    { policies: { p: { ...policy, conditions: [{ kind: "when", body }] } as never } },
    schema,
  );
  const request = { principal: ann, action: read, resource: { unknown: undefined }, context: {} };
  const [remaining] = set.partial(request, { get: () => undefined }).residuals;
  assert.deepEqual(remaining?.condition, expression("resource has open"));
});

test("nothing of an unknown entity is looked up, and of a known one only what is read", () => {
  const asked: EntityUid[] = [];
  const store: EntityStore = {
    get(uid) {
      asked.push(uid);
      return entities.get(uid);
    },
  };
  const set = policies(`permit(principal, action, resource) when { resource.open && principal.limit > 5 };`);
  set.partial({ principal: ann, action: read, resource: { unknown: "Doc" }, context: {} }, store);
  assert.deepEqual(
    asked.map(({ id }) => id),
    ["ann"],
  );
});

test("a chain of ten thousand parts costs no stack", () => {
  const part = expression("resource.size == 1");
  const parts = new Array<ExprJson>(10_000).fill(part);
  const body = parts.reduce((left, right): ExprJson => ({ "&&": { left, right } }));
  const all = { op: "All" } as const;
  const policy = {
    effect: "permit",
    principal: all,
    action: all,
    resource: all,
    conditions: [{ kind: "when", body }],
  } as const;
  const set = compile({ policies: { p: policy } });
  const residual = set.partial(
    { principal: ann, action: read, resource: { unknown: undefined }, context: {} },
    entities,
  );
  assert.equal(residual.residuals.length, 1);
  assert.equal(residual.decide({ resource: bob }).errors.length, 1);
});

test("a known value nested too deeply to be written into the condition is still completed", () => {
  let nested: ExprJson = expression("resource.data == context");
  for (let level = 0; level < 380; level += 1) nested = { Set: [nested] };
  const all = { op: "All" } as const;
  const body: ExprJson = { contains: { left: nested, right: { Value: 1 } } };
  const policy = {
    effect: "forbid",
    principal: all,
    action: all,
    resource: all,
    conditions: [{ kind: "when", body }],
  } as const;
  let deep: object = {};
  for (let level = 0; level < 90; level += 1) deep = { deep };
  const set = compile({ policies: { p: policy } });
  const request = { principal: ann, action: read, context: deep as never };
  const residual = set.partial({ ...request, resource: { unknown: undefined } }, entities);
  assert.deepEqual(residual.decide({ resource: plan }), set.decide({ ...request, resource: plan }, entities));
});

test("tests of type within tests of type take time in proportion to their number", () => {
  let left = expression("resource");
  for (let level = 0; level < 60; level += 1) {
    const test: ExprJson = { is: { left, entity_type: "Doc", in: expression(`Group::"staff"`) } };
    left = choice(test, { Var: "resource" }, { Var: "resource" });
  }
  const all = { op: "All" } as const;
  const body: ExprJson = { is: { left, entity_type: "Doc" } };
  const policy = {
    effect: "permit",
    principal: all,
    action: all,
    resource: all,
    conditions: [{ kind: "when", body }],
  } as const;
  const set = compile({ policies: { p: policy } });
  const residual = set.partial(
    { principal: ann, action: read, resource: { unknown: "Doc" }, context: {} },
    entities,
  );
  assert.equal(residual.residuals.length, 1);
});

function choice(test: ExprJson, yes: ExprJson, no: ExprJson): ExprJson {
  // biome-ignore lint/suspicious/noThenProperty: Cedar's JSON form names it so
  return { "if-then-else": { if: test, then: yes, else: no } };
}
