import assert from "node:assert/strict";
import { test } from "node:test";
import { compile, readEntities, readSchema } from "./index.ts";
import { parsePolicies, parseSchema } from "./parse.ts";
import { ask, nobody, outcomeOf, policiesFrom, question } from "./test-question.ts";

const everything = "(principal, action, resource)";

test("a set without policies denies", () => {
  assert.deepEqual(policiesFrom("").decide(question(), nobody), {
    decision: "deny",
    reasons: [],
    errors: [],
    permits: [],
    forbids: [],
  });
});

test("a satisfied forbid denies, and the satisfied permits are named nevertheless", () => {
  const set = policiesFrom(`permit${everything}; forbid${everything}; permit${everything};`);
  const answer = set.decide(question(), nobody);
  assert.deepEqual(answer.reasons, ["policy1"]);
  assert.deepEqual(answer.permits, ["policy0", "policy2"]);
  assert.equal(answer.decision, "deny");
});

test("a policy that errs neither permits nor forbids, and is named with its kind", () => {
  const set = policiesFrom(
    `permit${everything}; forbid${everything} when { context.missing }; permit${everything} when { 1 };`,
  );
  const { decision, reasons, errors } = set.decide(question(), nobody);
  assert.equal(decision, "allow");
  assert.deepEqual(reasons, ["policy0"]);
  assert.deepEqual(
    errors.map(({ policy, kind }) => [policy, kind]),
    [
      ["policy1", "attribute-does-not-exist"],
      ["policy2", "type"],
    ],
  );
});

test("ids are sorted as texts, however many policies there are", () => {
  const texts = Array.from({ length: 12 }, () => `permit${everything};`);
  const { reasons } = policiesFrom(texts.join("")).decide(question(), nobody);
  assert.deepEqual(reasons, [...reasons].sort());
  assert.equal(reasons.length, 12);
});

test("the second operand is looked at only when the first does not decide", () => {
  assert.equal(outcomeOf("false && context.missing"), false);
  assert.equal(outcomeOf("true || context.missing"), true);
  assert.equal(outcomeOf("true && context.missing"), "attribute-does-not-exist");
  assert.equal(outcomeOf("false || 1"), "type");
  assert.equal(outcomeOf("context.missing && false"), "attribute-does-not-exist");
  assert.equal(outcomeOf("if true then true else context.missing"), true);
  assert.equal(outcomeOf("if context has a then context.a else true"), true);
});

test("a condition that is no boolean is an error, never a yes", () => {
  for (const condition of ["1", '"true"', "[true]", "{}", "principal", "context"]) {
    assert.equal(outcomeOf(condition), "type", condition);
  }
  assert.equal(outcomeOf("!1"), "type");
  assert.equal(outcomeOf('true && "x"'), "type");
  assert.equal(outcomeOf("if 1 then true else true"), "type");
});

test("arithmetic is exact over 64 bits and an error beyond", () => {
  assert.equal(outcomeOf("9223372036854775806 + 1 == 9223372036854775807"), true);
  assert.equal(outcomeOf("9223372036854775807 + 1 == 0"), "overflow");
  assert.equal(outcomeOf("-9223372036854775808 - 1 == 0"), "overflow");
  assert.equal(outcomeOf("-(-9223372036854775808) == 0"), "overflow");
  assert.equal(outcomeOf("3037000500 * 3037000500 == 0"), "overflow");
  assert.equal(outcomeOf("9007199254740993 == 9007199254740992"), false);
  assert.equal(outcomeOf("9007199254740993 - 9007199254740992 == 1"), true);
  assert.equal(outcomeOf("context.n < 9007199254740993", { context: { n: 9007199254740992n } }), true);
});

test("an entity that is missing has no attributes, no tags and nothing above it but itself", () => {
  assert.equal(outcomeOf("principal has name"), false);
  assert.equal(outcomeOf('principal.hasTag("t")'), false);
  assert.equal(outcomeOf("principal.name == 1"), "entity-does-not-exist");
  assert.equal(outcomeOf('principal.getTag("t") == 1'), "entity-does-not-exist");
  assert.equal(outcomeOf('principal in User::"alice"'), true);
  assert.equal(outcomeOf('principal in Group::"staff"'), false);
  assert.equal(outcomeOf('principal in [Group::"staff", User::"alice"]'), true);
});

test("attributes and tags that are missing have errors of their own", () => {
  const entities = readEntities([{ uid: { type: "User", id: "alice" }, attrs: {}, tags: {}, parents: [] }]);
  assert.equal(outcomeOf("principal.name == 1", {}, entities), "attribute-does-not-exist");
  assert.equal(outcomeOf('principal.getTag("t") == 1', {}, entities), "tag-does-not-exist");
});

test("names of JavaScript's own objects are data like any other", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "prototype"];
  for (const name of names) {
    assert.equal(outcomeOf(`context has "${name}"`), false, name);
    assert.equal(outcomeOf(`context["${name}"] == 1`), "attribute-does-not-exist", name);
    const context = JSON.parse(`{"${name}": 1}`);
    assert.equal(outcomeOf(`context["${name}"] == 1`, { context }), true, name);
    assert.equal(
      outcomeOf(`{"${name}": 1} == context && context == {"${name}": 1}`, { context }),
      true,
      name,
    );
    assert.equal(outcomeOf(`principal in Group::"${name}"`), false, name);
    const principal = { type: "User", id: name };
    assert.equal(outcomeOf(`principal == User::"${name}"`, { principal }), true, name);
    assert.equal(outcomeOf("principal has x", { principal: { type: name, id: name } }), false, name);
  }
});

test("`has` along a path is false where the path ends and an error where it meets no record", () => {
  const context = { a: { b: { c: 1 } }, n: 1 };
  assert.equal(outcomeOf("context has a.b.c", { context }), true);
  assert.equal(outcomeOf("context has a.x.c", { context }), false);
  assert.equal(outcomeOf("context has n.b", { context }), "type");
});

test("sets are equal whatever their order and repetitions, also nested and in records", () => {
  assert.equal(outcomeOf("[1, 2, 2, 1] == [2, 1]"), true);
  assert.equal(outcomeOf("[[1, 2], [2, 1]] == [[1, 2]]"), true);
  assert.equal(outcomeOf("[{a: [1, 2]}, {a: [2, 1]}].contains({a: [2, 1, 1]})"), true);
  assert.equal(outcomeOf("[1].containsAll([])"), true);
  assert.equal(outcomeOf("[1].containsAny([])"), false);
  assert.equal(outcomeOf('[principal, 1, "1", true].contains("1")'), true);
  assert.equal(outcomeOf("[1, 2] == [1, 2, 3]"), false);
});

test("equality holds between types only as a no, order as an error", () => {
  assert.equal(outcomeOf('1 == "1"'), false);
  assert.equal(outcomeOf('decimal("1.0") == 1'), false);
  assert.equal(outcomeOf('1 < "2"'), "type");
  assert.equal(outcomeOf('decimal("1.0") < decimal("2.0")'), "type");
  assert.equal(outcomeOf('datetime("2024-01-01") < datetime("2024-01-02")'), true);
  assert.equal(outcomeOf('duration("1d") <= duration("24h")'), true);
  assert.equal(outcomeOf('duration("1d") < datetime("2024-01-01")'), "type");
});

test("extension functions fail as errors of the policy", () => {
  assert.equal(outcomeOf('ip("no address").isIpv4()'), "extension");
  assert.equal(outcomeOf('ip("1.2.3.4", "5") == 1'), "arguments");
  assert.equal(outcomeOf("principal.isIpv4()"), "type");
  assert.equal(outcomeOf("ip(1).isIpv4()"), "type");
});

test("a set with anything but entities on the right of `in` is an error", () => {
  assert.equal(outcomeOf("principal in [principal, 1]"), "type");
  assert.equal(outcomeOf("principal in 1"), "type");
  assert.equal(outcomeOf("1 in principal"), "type");
  assert.equal(outcomeOf("principal in []"), false);
});

test("the members of a record are computed in the order of their names", () => {
  assert.equal(outcomeOf('{b: 1 + "x", a: context.missing} == 1'), "attribute-does-not-exist");
  assert.equal(
    outcomeOf('{"\u{1F600}": 1 + "x", "\uFFFD": context.missing} == 1'),
    "attribute-does-not-exist",
  );
});

test("only entities that some policy reads are asked for", () => {
  const asked: string[] = [];
  const entities = {
    get: (uid: { type: string; id: string }) => {
      asked.push(`${uid.type}::${uid.id}`);
      return undefined;
    },
  };
  policiesFrom('permit(principal == User::"bob", action, resource) when { principal.a };').decide(
    question(),
    entities,
  );
  policiesFrom("permit(principal, action, resource) when { context has a };").decide(question(), entities);
  assert.deepEqual(asked, []);
  ask("resource has a || resource has b", {}, entities);
  assert.deepEqual(asked, ["Document::plan"]);
});

test("what the store throws goes to whoever asked and is no policy's error", () => {
  const entities = {
    get: () => {
      throw new Error("the database is away");
    },
  };
  assert.throws(() => ask("principal has a", {}, entities), /the database is away/);
});

test("a link applies its template to its entities, and a template alone to nobody", () => {
  const { source } = parsePolicies("permit(principal in ?principal, action, resource == ?resource);");
  assert.ok(source !== undefined);
  const values = {
    "?principal": { type: "User", id: "alice" },
    "?resource": { type: "Document", id: "plan" },
  };
  const other = { ...values, "?principal": { __entity: { type: "User", id: "bob" } } };
  const links = [
    { templateId: "policy0", newId: "for-alice", values },
    { templateId: "policy0", newId: "for-bob", values: other },
  ];
  assert.equal(compile(source).decide(question(), nobody).decision, "deny");
  assert.deepEqual(compile({ ...source, links }).decide(question(), nobody).reasons, ["for-alice"]);
});

test("a schema's action groups hold in decisions even if the entities do not name them", () => {
  const { schema } = parseSchema("entity User, Document; action view in [read]; action read;");
  const { source } = parsePolicies('permit(principal, action in Action::"read", resource);');
  assert.ok(schema !== undefined && source !== undefined);
  assert.equal(compile(source).decide(question(), nobody).decision, "deny");
  assert.equal(compile(source, schema).decide(question(), nobody).decision, "allow");
  assert.equal(compile(source).decide(question(), readEntities([], readSchema(schema))).decision, "allow");
});

test("a request that does not name its entities is refused, never decided", () => {
  const set = policiesFrom("permit(principal, action, resource);");
  for (const principal of [
    undefined,
    null,
    {},
    { type: "User" },
    { type: "User", id: 1 },
    { type: ["User"], id: "" },
  ]) {
    const request = question({ principal: principal as never });
    assert.throws(() => set.decide(request, nobody), { name: "ReadError", path: "principal" });
  }
});

test("a context that is no plain JSON object of Cedar is refused with the path, never decided", () => {
  const set = policiesFrom("permit(principal, action, resource);");
  const refused: [unknown, RegExp][] = [
    [{ a: { b: [1, null] } }, /a\.b\.1/],
    [{ a: 1.5 }, /not an integer. \(at a\)/],
    [{ a: 2 ** 53 }, /beyond 2\^53.*\(at a\)/],
    [{ a: "\ud800" }, /Unicode/],
    [{ a: new Date(0) }, /at a/],
    [{ a: new Map() }, /at a/],
    [{ __entity: { type: "User", id: "a" } }, /not a record/],
    [{ a: { __extn: { fn: "ip", arg: "no address" } } }, /at a\.__extn/],
    [{ a: { __entity: { type: "User", id: "x" }, more: 1 } }, /Unknown member "more"/],
    [[], /Expected an object/],
    [null, /Expected an object/],
  ];
  for (const [context, message] of refused) {
    assert.throws(() => set.decide(question({ context: context as never }), nobody), {
      name: "ReadError",
      message,
    });
  }
});
