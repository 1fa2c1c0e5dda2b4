import assert from "node:assert/strict";
import { test } from "node:test";
import { definitionOf } from "./fixture.ts";
import { readApplication } from "./read-application.ts";

const READ = 'permit (principal, action == Action::"read", resource);';

test("everything that is wrong about a definition is told with its place", () => {
  const wrong: [string, object][] = [
    ["schema.cedarschema", { schema: "entity User {" }],
    ["schema.cedarschema", { schema: "namespace A { entity U; } namespace B { entity V; }" }],
    ["policies.cedar", { policies: [{ name: "policies", text: READ }] }],
    [
      "policies.cedar",
      {
        policies: [
          {
            name: "policies",
            text: `@id("a") @reason("b") @lift("mfa") forbid (principal, action, resource);`,
          },
        ],
      },
    ],
    [
      "policies.cedar",
      {
        policies: [
          {
            name: "policies",
            text: `@id("a") @reason("b") permit (principal == ?principal, action, resource);`,
          },
        ],
      },
    ],
    [
      "policies.cedar",
      {
        policies: [
          {
            name: "policies",
            text: `@id("a") @reason("b") permit (principal, action, resource) when { principal.nothing };`,
          },
        ],
      },
    ],
    ["mapping", { mapping: { subjects: { agent: { type: "User" } }, resources: {}, actions: {} } }],
    ["mapping", { mapping: { subjects: { user: { type: "Ghost" } }, resources: {}, actions: {} } }],
    [
      "mapping",
      {
        mapping: {
          subjects: { user: { type: "User", properties: ["nothing"] } },
          resources: {},
          actions: {},
        },
      },
    ],
    ["mapping", { mapping: { subjects: {}, resources: {}, actions: { a: { action: "nothing" } } } }],
    [
      "mapping",
      { mapping: { subjects: {}, resources: {}, actions: { a: { action: "read", properties: ["x"] } } } },
    ],
    ["mapping", { mapping: { subjects: {}, resources: {}, actions: {}, context: ["urgent"] } }],
    ["entities", { entities: [{ uid: { type: "User", id: "x" }, attrs: { level: "one" }, parents: [] }] }],
    ["entities", { entities: [{ uid: { type: "Ghost", id: "x" }, attrs: {}, parents: [] }] }],
  ];
  for (const [file, more] of wrong) {
    const answer = readApplication(definitionOf([READ], more));
    assert.ok("problems" in answer, JSON.stringify(more));
    assert.equal(answer.problems[0]?.file, file, JSON.stringify([more, answer.problems]));
    assert.ok(
      answer.problems.every(({ line, column, message }) => line >= 1 && column >= 1 && message !== ""),
    );
  }
});

test("two policies of one id, and two files of one name, are refused", () => {
  const text = (id: string) => `@id("${id}") @reason("Because.") ${READ}`;
  const files = (...named: [string, string][]) => ({
    policies: named.map(([name, id]) => ({ name, text: text(id) })),
  });
  const read = (...named: [string, string][]) => readApplication(definitionOf([READ], files(...named)));
  assert.ok("problems" in read(["one", "a"], ["two", "a"]));
  assert.ok("problems" in read(["one", "a"], ["one", "b"]));
  assert.ok("read" in read(["one", "a"], ["two", "b"]));
});

test("a schema in a namespace is understood, its types and actions by their full names", () => {
  const namespaced = {
    schema: `namespace Shop {
      entity User;
      entity Item { price: Long };
      action buy appliesTo { principal: User, resource: Item };
    }`,
    policies: [
      {
        name: "shop",
        text: `@id("cheap") @reason("It is cheap.")
          permit (principal is Shop::User, action == Shop::Action::"buy", resource) when { resource.price < 5 };`,
      },
    ],
    mapping: {
      subjects: { user: { type: "Shop::User" } },
      resources: { item: { type: "Shop::Item", properties: ["price"] } },
      actions: { buy: { action: "buy" } },
    },
    entities: [{ uid: { type: "Shop::Item", id: "1" }, attrs: { price: 7 }, parents: [] }],
  };
  const answer = readApplication(definitionOf([READ], namespaced));
  assert.ok("read" in answer, JSON.stringify(answer));
});
