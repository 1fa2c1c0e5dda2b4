import assert from "node:assert/strict";
import { test } from "node:test";
import { type ToolDefinition, toolDefinition, toolOf } from "./tool.ts";

const plain = {
  server: "finance",
  name: "pay",
  description: "Pays.",
  labels: ["write"],
  inputSchema: {
    type: "object",
    properties: {
      amount: { type: "number" },
      currency: { type: "string" },
      invoice: { type: "string" },
      tags: { type: "array", items: { type: "string" } },
    },
  },
};
const fact = { name: "owed", type: "number", url: "https://erp.example.com/i/{invoice}", pointer: "/owed" };
const euros = { argument: "amount", currency: "EUR" };
const accepts = (more: object): boolean => toolDefinition.safeParse({ ...plain, ...more }).success;
const tool = (more: object = {}) => toolOf(toolDefinition.parse({ ...plain, ...more }) as ToolDefinition);

test("data, untrusted content, an amount and facts are part of what is pinned", () => {
  const digests = [
    tool(),
    tool({ data: ["customer-data"] }),
    tool({ untrusted: true }),
    tool({ amount: euros }),
    tool({ amount: { argument: "amount", currency: { argument: "currency" } } }),
    tool({ facts: [fact] }),
    tool({ facts: [{ ...fact, equals: "amount" }] }),
    tool({ facts: [{ ...fact, cache_seconds: 0 }] }),
  ].map(({ digest }) => digest);
  assert.equal(new Set(digests).size, digests.length);
});

test("what says nothing, and the order of lists, is no difference: earlier pins stand", () => {
  assert.equal(tool({ data: [], facts: [] }).digest, tool().digest);
  assert.deepEqual(Object.keys(tool({ data: [], facts: [] })), Object.keys(tool()));
  assert.equal(tool({ data: ["b", "a", "b"] }).digest, tool({ data: ["a", "b"] }).digest);
  const other = { ...fact, name: "due" };
  assert.equal(tool({ facts: [fact, other] }).digest, tool({ facts: [other, fact] }).digest);
});

test("a declaration that names what is not there, or not of a fitting type, is refused", () => {
  assert.equal(accepts({ amount: euros, facts: [{ ...fact, equals: "amount" }] }), true);
  for (const more of [
    { amount: { argument: "total", currency: "EUR" } },
    { amount: { argument: "currency", currency: "EUR" } },
    { amount: { argument: "amount", currency: "euro" } },
    { amount: { argument: "amount", currency: { argument: "amount" } } },
    { amount: { argument: "toString", currency: "EUR" } },
    { facts: [{ ...fact, url: "https://erp.example.com/{amount}" }] },
    { facts: [{ ...fact, url: "https://erp.example.com/{constructor}" }] },
    { facts: [{ ...fact, url: "https://{invoice}.example.com/" }] },
    { facts: [{ ...fact, equals: "invoice" }] },
    { facts: [{ ...fact, equals: "nothing" }] },
    { facts: [{ ...fact, name: "__proto__" }] },
    { facts: [{ ...fact, pointer: "owed" }] },
    { facts: [{ ...fact, pointer: "/a~2" }] },
    { facts: [{ ...fact, type: "object" }] },
    { facts: [{ ...fact, cache_seconds: 3_600 }] },
    { facts: [fact, fact] },
    { data: ["Customer Data"] },
    { untrusted: false },
    { trusted: true },
  ])
    assert.equal(accepts(more), false, JSON.stringify(more));
});
