import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type EntityUid, readContext, readEntities, readEntity, readSchema } from "./index.ts";
import { parseSchema } from "./parse.ts";
import { ask, outcomeOf } from "./test-question.ts";

const alice = { type: "User", id: "alice" };
const entity = (parts: object = {}) => ({ uid: alice, attrs: {}, parents: [], ...parts });

function schemaOf(text: string) {
  const { schema, problems } = parseSchema(text);
  assert.deepEqual(problems, []);
  return readSchema(schema ?? {});
}

test("an entity that is not one is refused with the path", () => {
  const refused: [unknown, RegExp][] = [
    [{}, /given as a list/],
    ["[", /not JSON/],
    [[entity(), null], /Expected an object, found null. \(at 1\)/],
    [[entity({ uid: "User::alice" })], /\(at 0.uid\)/],
    [[entity({ uid: { type: "no type", id: "x" } })], /no valid type. \(at 0.uid\)/],
    [[entity({ uid: { type: "User", id: 1 } })], /Expected a string/],
    [[entity({ uid: { __entity: alice, id: "x" } })], /Unknown member "id"/],
    [[entity({ attrs: undefined })], /\(at 0.attrs\)/],
    [[entity({ attrs: { a: { b: null } } })], /\(at 0.attrs.a.b\)/],
    [[entity({ tags: { t: 1.5 } })], /\(at 0.tags.t\)/],
    [[entity({ tags: null })], /\(at 0.tags\)/],
    [[entity({ parents: {} })], /\(at 0.parents\)/],
    [[entity({ parents: [alice, "x"] })], /\(at 0.parents.1\)/],
    [[entity({ parent: [] })], /Unknown member "parent"/],
    [[entity({ attrs: { a: { __extn: { fn: "ip", arg: "1.1.1.1", x: 1 } } } })], /Unknown member "x"/],
    [[entity({ attrs: { a: { __expr: "1" } } })], /__expr/],
    [
      `[{"uid":{"type":"User","id":"a"},"attrs":{"n":99999999999999999999},"parents":[]}]`,
      /64 bits.*0.attrs.n/,
    ],
  ];
  for (const [json, message] of refused)
    assert.throws(() => readEntities(json), { name: "ReadError", message });
});

test("an entity given twice is refused unless both say the same", () => {
  const group = { type: "Group", id: "g" };
  assert.ok(readEntities([entity({ attrs: { a: [1, 2] } }), entity({ attrs: { a: [2, 1, 1] } })]).get(alice));
  for (const other of [{ attrs: { a: 1 } }, { tags: { t: 1 } }, { parents: [group] }]) {
    assert.throws(() => readEntities([entity(), entity(other)]), /given twice, and differently/);
    assert.throws(() => readEntities([entity(other), entity()]), /given twice, and differently/);
  }
});

test("a hierarchy that runs in a circle, or hundreds of levels deep, is refused", () => {
  const link = (from: number, to: number) => {
    return { uid: { type: "G", id: `${from}` }, attrs: {}, parents: [{ type: "G", id: `${to}` }] };
  };
  for (const length of [1, 2, 3, 50]) {
    const circle = Array.from({ length }, (_, i) => link(i, (i + 1) % length));
    assert.throws(() => readEntities(circle), { name: "ReadError", message: /cycle or too many levels/ });
  }
  assert.throws(
    () => readEntities(Array.from({ length: 5000 }, (_, i) => link(i, i + 1))),
    /too many levels/,
  );
  assert.ok(readEntities(Array.from({ length: 250 }, (_, i) => link(i, i + 1))).get({ type: "G", id: "0" }));
});

test("ancestors are everything above, whatever the order, the size and the sharing", () => {
  const id = fc.nat({ max: 14 });
  const graph = fc.uniqueArray(fc.tuple(id, fc.array(id, { maxLength: 4 })), {
    selector: ([child]) => child,
  });
  const uid = (n: number) => ({ type: n % 2 === 0 ? "G" : "H", id: `${n}` });
  fc.assert(
    fc.property(graph, (children) => {
      const parentsOf = new Map(
        children.map(([child, above]) => [child, above.filter((parent) => parent > child)]),
      );
      const store = readEntities(
        [...parentsOf].map(([child, parents]) => ({ uid: uid(child), attrs: {}, parents: parents.map(uid) })),
      );
      const above = (n: number): Set<number> => {
        return new Set((parentsOf.get(n) ?? []).flatMap((parent) => [parent, ...above(parent)]));
      };
      for (const child of parentsOf.keys()) {
        const found = store.get(uid(child))?.ancestors;
        for (let n = 0; n < 15; n += 1) assert.equal(found?.has(uid(n)), above(child).has(n));
        assert.equal(found?.size, above(child).size);
      }
    }),
    { numRuns: 300 },
  );
});

test("many members of few groups share one set of ancestors", () => {
  const parents = [
    { type: "Group", id: "staff" },
    { type: "Group", id: "all" },
  ];
  const store = readEntities(
    Array.from({ length: 100 }, (_, i) => entity({ uid: { type: "User", id: `${i}` }, parents })),
  );
  const sets = new Set(
    Array.from({ length: 100 }, (_, i) => store.get({ type: "User", id: `${i}` })?.ancestors),
  );
  assert.equal(sets.size, 1);
});

test("what the caller changes afterwards changes nothing that was read", () => {
  const json = { uid: { ...alice }, attrs: { a: { b: 1 }, s: [1] }, parents: [{ type: "Group", id: "g" }] };
  const store = readEntities([json]);
  json.attrs.a.b = 2;
  json.attrs.s.push(2);
  json.parents.pop();
  json.uid.id = "bob";
  assert.equal(
    outcomeOf('principal.a.b == 1 && principal.s == [1] && principal in Group::"g"', {}, store),
    true,
  );
});

test("a polluted Object.prototype gives no entity and no context anything", () => {
  const context = { amount: 1 };
  Object.defineProperty(Object.prototype, "admin", { value: true, configurable: true, writable: true });
  try {
    assert.equal(outcomeOf("context has admin", { context }), false);
    assert.equal(outcomeOf("principal has admin", {}, readEntities([entity()])), false);
  } finally {
    Reflect.deleteProperty(Object.prototype, "admin");
  }
});

test("64-bit integers are exact in text and as bigint, and one that JavaScript would round is refused", () => {
  const text = JSON.stringify([entity({ attrs: { n: 1 } })]);
  const condition = "principal.n == 9223372036854775807";
  assert.equal(
    outcomeOf(condition, {}, readEntities(text.replace('"n":1', '"n":9223372036854775807'))),
    true,
  );
  assert.equal(
    outcomeOf(condition, {}, readEntities(text.replace('"n":1', '"n":9223372036854775806'))),
    false,
  );
  assert.equal(
    outcomeOf(condition, {}, readEntities([entity({ attrs: { n: 9223372036854775807n } })])),
    true,
  );
  assert.throws(() => readEntities([entity({ attrs: { n: 2 ** 53 } })]), /beyond 2\^53/);
  for (const written of [
    "1.5",
    "1e3",
    "1e400",
    "0.99999999999999999999",
    "1e-400",
    "9007199254740993.0",
    "-1.0",
  ]) {
    assert.throws(() => readEntities(text.replace('"n":1', `"n":${written}`)), /not an integer/, written);
  }
});

test("a store of one's own gives entities one by one, with all that is above them", () => {
  const parents = [
    { type: "Group", id: "staff" },
    { type: "Group", id: "all" },
  ];
  const read = readEntity(entity({ attrs: { limit: { __extn: { fn: "decimal", arg: "1.0" } } }, parents }));
  const store = { get: ({ id }: EntityUid) => (id === "alice" ? read : undefined) };
  assert.equal(outcomeOf('principal in Group::"all" && principal.limit == decimal("1.0")', {}, store), true);
  assert.equal(outcomeOf('resource in Group::"all"', {}, store), false);
  assert.throws(() => readEntity(entity({ attrs: { a: null } })), /\(at attrs.a\)/);
  assert.throws(
    () => readEntity(entity({ parents: [{ type: "Document", id: "d" }] }), company),
    /does not allow/,
  );
});

const company = schemaOf(`
  type Place = { city: String, at?: ipaddr };
  entity Group in [Group];
  entity Colour enum ["red", "green"];
  entity User in [Group] = {
    boss?: User, limit?: decimal, since?: datetime, pause?: duration, homes?: Set<Place>, likes?: Colour, n?: Long
  } tags Set<String>;
  entity Document;
  action read; action write;
  action view in [read] appliesTo { principal: User, resource: Document, context: { from: ipaddr, place?: Place } };
`);

test("with a schema, references and extension values may be written without their escapes", () => {
  const attrs = {
    boss: { type: "User", id: "eve" },
    limit: "12.50",
    since: { __extn: { fn: "datetime", arg: "2024-01-01" } },
    pause: { fn: "duration", arg: "1h" },
    homes: [{ city: "Rome", at: "10.0.0.1" }],
    likes: { __entity: { type: "Colour", id: "red" } },
  };
  const store = readEntities([entity({ attrs, tags: { t: ["a"] } })], company);
  const condition = `principal.boss == User::"eve" && principal.limit == decimal("12.5")
    && principal.since == datetime("2024-01-01") && principal.pause == duration("60m")
    && principal.homes == [{city: "Rome", at: ip("10.0.0.1")}] && principal.likes == Colour::"red"
    && principal.getTag("t").contains("a")`;
  assert.deepEqual(ask(condition, {}, store).errors, []);
  assert.equal(outcomeOf(condition, {}, store), true);
});

test("with a schema, entities are held to it", () => {
  const group = { uid: { type: "Group", id: "g" }, attrs: {}, parents: [] };
  const refused: [object, RegExp][] = [
    [entity({ attrs: { unknown: 1 } }), /knows no attribute "unknown"/],
    [entity({ attrs: { n: "1" } }), /Expected an integer.*0.attrs.n/],
    [entity({ attrs: { boss: { type: "Group", id: "x" } } }), /entity of type User/],
    [entity({ attrs: { likes: { type: "Colour", id: "blue" } } }), /no entity of this id/],
    [entity({ attrs: { limit: { fn: "ip", arg: "1.1.1.1" } } }), /of type decimal/],
    [entity({ attrs: { limit: "12" } }), /decimal/],
    [entity({ attrs: { homes: [{ at: "1.1.1.1" }] } }), /"city" is missing.*0.attrs.homes.0/],
    [entity({ attrs: { homes: {} } }), /Expected a list/],
    [entity({ tags: { t: [1] } }), /0.tags.t.0/],
    [entity({ parents: [{ type: "Document", id: "d" }] }), /does not allow/],
    [{ ...group, tags: { t: 1 } }, /no tags/],
    [entity({ uid: { type: "Robot", id: "r" } }), /knows no entity type Robot/],
    [entity({ uid: { type: "Colour", id: "blue" } }), /enumeration/],
    [entity({ uid: { type: "Action", id: "view" } }), /does not allow/],
    [entity({ uid: { type: "Action", id: "dance" } }), /knows no entity type Action, or no such action/],
  ];
  for (const [json, message] of refused) {
    assert.throws(() => readEntities([json], company), { name: "ReadError", message });
  }
  const view = entity({ uid: { type: "Action", id: "view" }, parents: [{ type: "Action", id: "read" }] });
  assert.ok(readEntities([view, group, entity({ parents: [group.uid] })], company).get(alice));
});

test("with a schema and an action, a context may be written without escapes and is held to its type", () => {
  const action: EntityUid = { type: "Action", id: "view" };
  const typed = { schema: company, action };
  const context = readContext({ from: "10.0.0.7", place: { city: "Rome" } }, typed);
  assert.equal(outcomeOf('context.from.isInRange(ip("10.0.0.0/24"))', { context }), true);
  assert.throws(() => readContext({}, typed), /"from" is missing/);
  assert.throws(() => readContext({ from: "10.0.0.7", more: 1 }, typed), /knows no attribute "more"/);
  assert.throws(
    () => readContext({}, { schema: company, action: { type: "Action", id: "dance" } }),
    /no such action/,
  );
  assert.equal(readContext(context), context);
});

test("names in a schema mean what is nearest: the namespace's own before that of none", () => {
  const schema = schemaOf(`
    type T = Long; entity E;
    namespace A { type T = String; entity E, F = { t: T, e: E, set: Set<__cedar::Long> };
      action group; action act in [group, Action::"group"]; }
  `);
  const attrs = { t: "text", e: { type: "A::E", id: "x" }, set: [1] };
  const store = readEntities([entity({ uid: { type: "A::F", id: "f" }, attrs })], schema);
  assert.ok(store.get({ type: "A::F", id: "f" }));
  assert.ok(store.get({ type: "A::Action", id: "act" })?.ancestors.has({ type: "A::Action", id: "group" }));
  assert.equal(store.get({ type: "Action", id: "act" }), undefined);
});

test("a schema whose names lead nowhere, or around, is refused", () => {
  const shape = (type: object) => ({ "": { entityTypes: { U: { shape: type } }, actions: {} } }) as never;
  assert.throws(
    () => readSchema(shape({ type: "Record", attributes: { a: { type: "Nowhere" } } })),
    /Nowhere/,
  );
  assert.throws(
    () => readSchema(shape({ type: "Record", attributes: { a: { type: "toString" } } })),
    /toString/,
  );
  assert.throws(() => readSchema(shape({ type: "Long" })), /not a record/);
  const around = {
    "": {
      commonTypes: { A: { type: "B" }, B: { type: "A" } },
      entityTypes: { U: { shape: { type: "A" } } },
      actions: {},
    },
  };
  assert.throws(() => readSchema(around), /contains itself/);
  const groups = {
    "": { entityTypes: {}, actions: { a: { memberOf: [{ id: "b" }] }, b: { memberOf: [{ id: "a" }] } } },
  };
  assert.throws(() => readSchema(groups), /cycle/);
});
