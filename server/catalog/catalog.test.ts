import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { type Code, Fault, newId } from "../lib/index.ts";
import { type ExampleRegistry, eventsOf, exampleRegistry, personCaller } from "../registry/test-registry.ts";
import {
  catalogMigrations,
  catalogVersion,
  cedarSchema,
  defineServer,
  defineTool,
  expandShortForm,
  findServer,
  findTool,
  type Label,
  listTools,
  type ToolDefinition,
  toolsOf,
} from "./index.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const RESOURCE = "https://reports.example.com/";

const definition = (name: string, labels: Label[], more: Partial<ToolDefinition> = {}): ToolDefinition => ({
  server: "reports",
  name,
  description: `The tool ${name}.`,
  labels,
  inputSchema: { type: "object", properties: { title: { type: "string" } }, required: ["title"] },
  ...more,
});

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine, catalogMigrations);
    const { deps, administrator } = example;
    await defineServer(deps, administrator, { id: "reports", resource: RESOURCE });
  });
  afterEach(() => example.close());

  const define = (name: string, labels: Label[], more: Partial<ToolDefinition> = {}, replaces?: string) =>
    defineTool(example.deps, example.administrator, { definition: definition(name, labels, more), replaces });

  it("a tool is pinned with its labels, schema and digest, and found by its name and its server's resource", async () => {
    const tool = await define("publish", ["write", "external"]);
    assert.equal(tool.identifier, "reports/publish");
    assert.deepEqual(tool.labels, ["external", "write"]);
    assert.deepEqual(await findTool(example.deps, "reports/publish"), tool);
    assert.deepEqual(await toolsOf(example.deps, RESOURCE), [tool]);
    assert.deepEqual(await toolsOf(example.deps, "https://other.example.com/"), []);
  });

  it("what a definition says besides is stored with it, and so is where a server stands", async () => {
    const { deps, administrator } = example;
    const tool = await define("pay", ["write"], {
      inputSchema: {
        type: "object",
        properties: { amount: { type: "number" }, invoice: { type: "string" } },
      },
      data: ["payments", "customer-data"],
      untrusted: true,
      amount: { argument: "amount", currency: "EUR" },
      facts: [
        {
          name: "owed",
          type: "number",
          url: "https://reports.example.com/invoices/{invoice}",
          pointer: "/owed",
          equals: "amount",
        },
      ],
    });
    assert.deepEqual(tool.data, ["customer-data", "payments"]);
    assert.deepEqual(await findTool(deps, "reports/pay"), tool);
    const placed = { id: "reports", resource: RESOURCE, environment: "production", region: "eu-1" } as const;
    await defineServer(deps, administrator, placed);
    assert.deepEqual(await findServer(deps, "reports"), placed);
    await defineServer(deps, administrator, { id: "reports", resource: RESOURCE });
    assert.deepEqual(await findServer(deps, "reports"), { id: "reports", resource: RESOURCE });
  });

  it("the order in which labels or members are written is no other definition", async () => {
    const first = await define("publish", ["write", "external"]);
    const again = await define("publish", ["external", "write"], {
      inputSchema: { required: ["title"], properties: { title: { type: "string" } }, type: "object" },
    });
    assert.equal(again.digest, first.digest);
    assert.equal((await eventsOf(example, "tool.pinned")).length, 1);
  });

  it("another definition is taken only from who names the one it replaces", async () => {
    const pinned = await define("publish", ["write"]);
    const version = await catalogVersion(example.deps);
    const changed = { description: "Sends your report to everybody." };
    await assert.rejects(define("publish", ["write"], changed), refusal("conflict"));
    await assert.rejects(define("publish", ["write"], changed, "wrong"), refusal("conflict"));
    assert.deepEqual(await findTool(example.deps, "reports/publish"), pinned);
    assert.equal(await catalogVersion(example.deps), version);
    const after = await define("publish", ["write"], changed, pinned.digest);
    assert.notEqual(after.digest, pinned.digest);
    const [event] = await eventsOf(example, "tool.repinned");
    assert.deepEqual((event?.body as { replaces: string }).replaces, pinned.digest);
    await assert.rejects(define("publish", ["write"], {}, pinned.digest), refusal("conflict"));
  });

  it("of two definitions that replace the same one at once, one wins", async () => {
    const pinned = await define("publish", ["write"]);
    const outcomes = await Promise.allSettled([
      define("publish", ["write"], { description: "One." }, pinned.digest),
      define("publish", ["write"], { description: "Two." }, pinned.digest),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  });

  it("names, labels and schemas that do not fit are refused", async () => {
    const bad = (inputSchema: unknown) => ({ inputSchema }) as Partial<ToolDefinition>;
    const wrong: [string, Label[], Partial<ToolDefinition>][] = [
      ["a/b", ["read"], {}],
      ["list*", ["read"], {}],
      ["", ["read"], {}],
      ["publish", [], {}],
      ["publish", ["admin" as Label], {}],
      ["publish", ["read"], { server: "nowhere" }],
      ["publish", ["read"], { description: "<b>" }],
      ["publish", ["read"], bad({ type: "string" })],
      ["publish", ["read"], bad({ type: "object", properties: { a: { type: "null" } } })],
      ["publish", ["read"], bad({ type: "object", properties: { a: { type: "string", pattern: ".*" } } })],
      ["publish", ["read"], bad({ type: "object", properties: {}, required: ["ghost"] })],
      [
        "publish",
        ["read"],
        bad({ type: "object", properties: JSON.parse('{"__proto__": {"type": "string"}}') }),
      ],
      ["publish", ["read"], bad({ type: "object", properties: { __entity: { type: "string" } } })],
      ["publish", ["read"], bad({ type: "object", additionalProperties: true, properties: {} })],
    ];
    for (const [name, labels, more] of wrong)
      await assert.rejects(define(name, labels, more), refusal("invalid"), JSON.stringify([name, more]));
    assert.equal((await listTools(example.deps, { limit: 10 })).items.length, 0);
  });

  it("a server's resource is its own, and stays while grants may name it", async () => {
    const { deps, administrator } = example;
    const stolen = { id: "other", resource: RESOURCE };
    await assert.rejects(defineServer(deps, administrator, stolen), refusal("exists"));
    await defineServer(deps, administrator, { id: "reports", resource: "https://new.example.com/" });
    await define("publish", ["write"]);
    await assert.rejects(
      defineServer(deps, administrator, { id: "reports", resource: RESOURCE }),
      refusal("conflict"),
    );
    await assert.rejects(
      defineServer(deps, administrator, { id: "x1", resource: "http://evil.example/" }),
      refusal("invalid"),
    );
  });

  it("only an administrator changes the catalog", async () => {
    const caller = personCaller(newId(example.deps, "person"), ["auditor"]);
    const said = { definition: definition("publish", ["write"]) };
    await assert.rejects(defineTool(example.deps, caller, said), refusal("forbidden"));
    await assert.rejects(
      defineServer(example.deps, caller, { id: "mine", resource: RESOURCE }),
      refusal("forbidden"),
    );
  });

  it("the Cedar schema follows the catalog, and only the catalog", async () => {
    const { deps } = example;
    const empty = await cedarSchema(deps);
    assert.equal((await cedarSchema(deps)).digest, empty.digest);
    await define("publish", ["write"]);
    const one = await cedarSchema(deps);
    assert.notEqual(one.digest, empty.digest);
    assert.deepEqual(one.schema[""].actions["reports/publish"]?.memberOf, [{ id: "call" }, { id: "write" }]);
  });

  it("a short form stands for exactly the tools that are pinned now", async () => {
    await define("publish", ["write", "external"]);
    await define("update", ["write"]);
    await define("listAll", ["read"]);
    await define("listMine", ["read"]);
    const names = async (text: string) =>
      (await expandShortForm(example.deps, text)).map(({ identifier }) => identifier);
    assert.deepEqual(await names("reports:write"), ["reports/publish", "reports/update"]);
    assert.deepEqual(await names("reports/list*"), ["reports/listAll", "reports/listMine"]);
    assert.deepEqual(await names("reports/publish"), ["reports/publish"]);
    assert.deepEqual(await names("reports/*"), [
      "reports/listAll",
      "reports/listMine",
      "reports/publish",
      "reports/update",
    ]);
    const before = await expandShortForm(example.deps, "reports:write");
    await define("erase", ["write", "destructive"]);
    assert.equal(before.length, 2);
    assert.equal((await names("reports:write")).length, 3);
  });

  it("the grants of a short form name the server's resource and keep the conditions on arguments", async () => {
    await define("publish", ["write"]);
    const common = {
      type: "agent_tool",
      locations: [RESOURCE],
      actions: ["tools/call"],
      identifier: "reports/publish",
    };
    assert.deepEqual(await expandShortForm(example.deps, "reports/publish"), [
      { ...common, open_args: true },
    ]);
    assert.deepEqual(await expandShortForm(example.deps, "reports:write"), [{ ...common, open_args: true }]);
    assert.deepEqual(await expandShortForm(example.deps, 'reports/publish(title == "Weekly")'), [
      { ...common, args: { title: { op: "eq", value: "Weekly" } } },
    ]);
  });

  it("a short form that names nothing is refused and told what there is", async () => {
    await define("publish", ["write"]);
    const wrong: [string, RegExp][] = [
      ["nowhere/publish", /no server nowhere/],
      ["reports/delete", /no tool delete. It has publish/],
      ["reports/del*", /no tool del\*. It has publish/],
      ["reports:read", /has the label read. It has publish/],
      ["reports:admin", /no label admin/],
      ["reports", /cannot be read/],
      ["reports/publish(title", /cannot be read/],
      ["", /cannot be read/],
    ];
    for (const [text, words] of wrong)
      await assert.rejects(expandShortForm(example.deps, text), refusal("invalid", words), text);
  });
});
