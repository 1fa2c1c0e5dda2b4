import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compile, type EntityStore, type EntityUid, type PolicyJson, readEntities } from "./index.ts";
import type { ActionScope, EntityScope } from "./policy-json.ts";
import { nobody } from "./test-question.ts";
import { Uid } from "./uid.ts";

const types = ["User", "Group"];
const uid: fc.Arbitrary<EntityUid> = fc.record({
  type: fc.constantFrom(...types),
  id: fc.constantFrom("a", "b", "c", "d"),
});

const entityScope: fc.Arbitrary<EntityScope> = fc.oneof(
  fc.constant<EntityScope>({ op: "All" }),
  uid.map((entity): EntityScope => ({ op: "==", entity })),
  uid.map((entity): EntityScope => ({ op: "in", entity })),
  fc.constantFrom(...types).map((entity_type): EntityScope => ({ op: "is", entity_type })),
  fc
    .tuple(fc.constantFrom(...types), uid)
    .map(([entity_type, entity]): EntityScope => ({ op: "is", entity_type, in: { entity } })),
);

const actionScope: fc.Arbitrary<ActionScope> = fc.oneof(
  fc.constant<ActionScope>({ op: "All" }),
  uid.map((entity): ActionScope => ({ op: "==", entity })),
  fc.array(uid, { maxLength: 4 }).map((entities): ActionScope => ({ op: "in", entities })),
);

const policy: fc.Arbitrary<PolicyJson> = fc.record({
  effect: fc.constant("permit"),
  principal: entityScope,
  action: actionScope,
  resource: entityScope,
  conditions: fc.constant([]),
});

/** Letters later in the alphabet are above earlier ones, so that there is no cycle. */
const hierarchy = fc
  .uniqueArray(fc.tuple(uid, fc.array(uid, { maxLength: 3 })), {
    selector: ([child]) => `${child.type}${child.id}`,
  })
  .map((children) =>
    children.map(([child, above]) => {
      return { uid: child, attrs: {}, parents: above.filter((parent) => parent.id > child.id) };
    }),
  );

function applies(scope: EntityScope | ActionScope, asked: EntityUid, entities: EntityStore): boolean {
  const isIn = (other: EntityUid): boolean => {
    const same = asked.type === other.type && asked.id === other.id;
    return same || entities.get(asked)?.ancestors.has(other) === true;
  };
  if (scope.op === "All") return true;
  if (scope.op === "is") {
    return asked.type === scope.entity_type && (scope.in === undefined || isIn(entityOf(scope.in)));
  }
  if (scope.op === "in")
    return ("entities" in scope ? scope.entities : [entityOf(scope)]).map(plain).some(isIn);
  const { type, id } = entityOf(scope);
  return asked.type === type && asked.id === id;
}

function plain(json: EntityUid | { readonly __entity: EntityUid }): EntityUid {
  return "__entity" in json ? json.__entity : json;
}

function entityOf(scope: object): EntityUid {
  return (scope as { entity: EntityUid }).entity;
}

test("the index finds exactly the policies that a look at every one of them finds", () => {
  fc.assert(
    fc.property(fc.array(policy, { maxLength: 30 }), hierarchy, uid, uid, uid, (list, stated, p, a, r) => {
      const policies = Object.fromEntries(list.map((json, position) => [`p${position}`, json]));
      const entities = readEntities(stated);
      const answer = compile({ policies }).decide(
        { principal: p, action: a, resource: r, context: {} },
        entities,
      );
      const expected = Object.entries(policies).filter(([, { principal, action, resource }]) => {
        return (
          applies(principal, p, entities) && applies(action, a, entities) && applies(resource, r, entities)
        );
      });
      assert.deepEqual(answer.permits, expected.map(([id]) => id).sort());
    }),
    { numRuns: 300 },
  );
});

test("an unknown entity finds every policy that some entity of its type would find", () => {
  fc.assert(
    fc.property(fc.array(policy, { maxLength: 30 }), hierarchy, uid, uid, uid, (list, stated, p, a, r) => {
      const { index } = compile({
        policies: Object.fromEntries(list.map((json, position) => [`p${position}`, json])),
      });
      const entities = readEntities(stated);
      const [principal, action, resource] = [Uid.from(p), Uid.from(a), Uid.from(r)];
      const found = index.find(principal, action, resource, entities);
      for (const unknown of [undefined, p.type]) {
        const wider = new Set(index.find({ unknown }, action, resource, entities));
        assert.ok(found.every((policy) => wider.has(policy)));
      }
      const widest = new Set(
        index.find({ unknown: p.type }, { unknown: undefined }, { unknown: r.type }, entities),
      );
      assert.ok(found.every((policy) => widest.has(policy)));
    }),
  );
});

test("among many scoped policies only those that can apply are touched", () => {
  const entries = Array.from({ length: 2000 }, (_, i): [string, PolicyJson] => [
    `p${i}`,
    {
      effect: "permit",
      principal: { op: "==", entity: { type: "User", id: `u${i}` } },
      action: {
        op: "in",
        entities: [
          { type: "Action", id: `a${i % 7}` },
          { type: "Action", id: "all" },
        ],
      },
      resource: { op: "All" },
      conditions: [],
    },
  ]);
  const { index } = compile({ policies: Object.fromEntries(entries) });
  const found = index.find(new Uid("User", "u8"), new Uid("Action", "a1"), new Uid("D", "d"), nobody);
  assert.deepEqual(
    found.map(({ id }) => id),
    ["p8"],
  );
});

test("a policy filed under several action groups of one action is decided once", () => {
  const policies = {
    both: {
      effect: "permit",
      principal: { op: "All" },
      action: {
        op: "in",
        entities: [
          { type: "Action", id: "x" },
          { type: "Action", id: "y" },
        ],
      },
      resource: { op: "All" },
      conditions: [],
    },
  } as const;
  const parents = [
    { type: "Action", id: "x" },
    { type: "Action", id: "y" },
  ];
  const entities = readEntities([{ uid: { type: "Action", id: "view" }, attrs: {}, parents }]);
  const action = { type: "Action", id: "view" };
  const someone = { type: "User", id: "a" };
  const answer = compile({ policies }).decide(
    { principal: someone, action, resource: someone, context: {} },
    entities,
  );
  assert.deepEqual(answer.permits, ["both"]);
});
