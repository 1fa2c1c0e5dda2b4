import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { z } from "zod";
import { forEachEngine } from "../audit/test-databases.ts";
import type { Input, Route } from "../http/index.ts";
import { newId } from "../lib/index.ts";
import * as registry from "./index.ts";
import { type ExampleRegistry, exampleInstance, exampleRegistry, toolGrant } from "./test-registry.ts";

type AnyRoute = Route<registry.RegistryDeps, z.ZodType, z.ZodType, z.ZodType>;

const isRoute = (value: unknown): value is AnyRoute =>
  typeof value === "object" && value !== null && "handle" in value;
const routes = Object.entries<unknown>(registry).flatMap(([name, value]) =>
  isRoute(value) ? [[name, value] as const] : [],
);

it("every route can be described, and takes no unknown member in its path, query or body", () => {
  assert.equal(routes.length, 37);
  for (const [name, route] of routes) {
    for (const schema of [route.params, route.query, route.body]) {
      if (schema === undefined) continue;
      z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
      const result = schema.safeParse({ surprise: 1 });
      assert.match(JSON.stringify(result.error?.issues ?? ""), /surprise/, name);
    }
  }
});

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
  });
  afterEach(() => example.close());

  /** Asks a route as http does: input through its schemas, and the answer as its schema promises it. */
  async function ask(
    route: unknown,
    said: { params?: unknown; query?: unknown; body?: unknown },
    status = 200,
  ) {
    const asked = route as AnyRoute;
    const input = {
      params: asked.params?.parse(said.params ?? {}),
      query: asked.query?.parse(said.query ?? {}),
      body: asked.body?.parse(said.body ?? {}),
    } as Input;
    const answer = await asked.handle(example.deps, example.administrator, input);
    assert.equal(answer.status, status);
    const promised = asked.answers[status] as z.ZodType;
    assert.deepEqual(promised.parse(answer.body), answer.body);
    return answer.body as { name: string; id: string; items: { name: string; id: string }[]; status: string };
  }

  it("what is registered over HTTP is answered whole, listed, changed and ended", async () => {
    const { owner } = example;
    const { id } = await ask(
      registry.personCreate,
      { body: { name: "Grace Hopper", email: "grace@example.com" } },
      201,
    );
    assert.equal((await ask(registry.personShow, { params: { id } })).name, "Grace Hopper");
    assert.equal((await ask(registry.personList, { query: { limit: "1" } })).items[0]?.id, owner);
    await ask(registry.personChange, { params: { id }, body: { limits: { EUR: 5 }, department: "Navy" } });
    assert.equal((await ask(registry.personSuspend, { params: { id } })).status, "suspended");
    assert.equal((await ask(registry.personResume, { params: { id } })).status, "active");
    assert.equal((await ask(registry.personDepart, { params: { id } })).status, "left");

    await ask(registry.groupPut, {
      params: { name: "writers" },
      body: { grants: [toolGrant("reports/publish")] },
    });
    await ask(registry.groupShow, { params: { name: "writers" } });
    await ask(registry.groupList, {});
    await ask(registry.teamPut, { params: { name: "payments" }, body: { lead: owner } });
    await ask(registry.teamShow, { params: { name: "payments" } });
    await ask(registry.teamList, {});

    const body = {
      name: "reporter",
      class: "reporting",
      purpose: "Writes.",
      environment: "production",
      owner,
      team: "payments",
      grants: [toolGrant("reports/publish", { args: { title: { op: "any" } } })],
    };
    await ask(registry.agentCreate, { body }, 201);
    await exampleInstance(example, "reporter");
    const { items } = await ask(registry.agentInstances, { params: { name: "reporter" } });
    await ask(registry.instanceEnd, { body: { instance: items[0]?.id } });
    assert.equal((await ask(registry.agentList, { query: { owner } })).items[0]?.name, "reporter");
    await ask(registry.agentChange, { params: { name: "reporter" }, body: { deployment: "k8s" } });
    assert.equal((await ask(registry.agentSuspend, { params: { name: "reporter" } })).status, "suspended");
    assert.equal((await ask(registry.agentResume, { params: { name: "reporter" } })).status, "active");
    assert.equal(
      (await ask(registry.agentDecommission, { params: { name: "reporter" } })).status,
      "decommissioned",
    );
    assert.equal((await ask(registry.agentShow, { params: { name: "reporter" } })).name, "reporter");

    const service = await ask(registry.serviceCreate, { body: { name: "billing", owner } }, 201);
    const params = { id: service.id };
    await ask(registry.serviceChange, { params, body: { resources: ["https://billing.example.com/"] } });
    assert.equal((await ask(registry.serviceSuspend, { params })).status, "suspended");
    assert.equal((await ask(registry.serviceResume, { params })).status, "active");
    await ask(registry.serviceShow, { params });
    await ask(registry.serviceList, {});
  });

  it("what is not there is not found", async () => {
    const name = { params: { name: "nowhere" } };
    for (const route of [
      registry.agentShow,
      registry.groupShow,
      registry.teamShow,
      registry.agentInstances,
    ]) {
      await assert.rejects(ask(route, name), { code: "not-found" });
    }
    await assert.rejects(ask(registry.personShow, { params: { id: newId(example.deps, "person") } }), {
      code: "not-found",
    });
    await assert.rejects(ask(registry.serviceShow, { params: { id: newId(example.deps, "service") } }), {
      code: "not-found",
    });
    await assert.rejects(ask(registry.instanceEnd, { body: { instance: "spiffe://x/y" } }), {
      code: "not-found",
    });
  });
});
