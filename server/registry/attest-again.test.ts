import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { type Code, Fault, hours, minutes } from "../lib/index.ts";
import {
  addInstance,
  agentOrRefuse,
  aliveAgent,
  attestAgain,
  findInstance,
  resumeAgent,
  suspendAgent,
  updateAgent,
  vouchFor,
} from "./index.ts";
import {
  deadKeys,
  type ExampleRegistry,
  eventsOf,
  exampleAgent,
  exampleInstance,
  exampleRegistry,
  freshKey,
} from "./test-registry.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const CLIENT = { redirect_uris: ["http://127.0.0.1/callback"] };

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
  });
  afterEach(() => example.close());

  const statusNow = async () => (await agentOrRefuse(example.deps, "reporter")).status;

  const attest = (issued?: number) =>
    perform(example.deps, example.administrator, "instance.enrol", async (change) =>
      addInstance(example.deps, change, example.administrator, {
        of: { agent: await agentOrRefuse(example.deps, "reporter") },
        jwk: freshKey(),
        strength: "attested-svid",
        expires: example.deps.clock.now() + hours(1),
        evidence: "test",
        ...(issued === undefined ? {} : { issued }),
      }),
    );

  it("a changed version or model costs an agent all it has, until it has proven itself anew", async () => {
    const { deps, administrator } = example;
    const { revision } = await exampleAgent(example, { version: "1.0" });
    await updateAgent(deps, administrator, { name: "reporter", update: { version: "1.1" } });
    assert.equal(await statusNow(), "registered");
    assert.deepEqual(await deadKeys(example), []);
    const copies = [await exampleInstance(example, "reporter"), await exampleInstance(example, "reporter")];
    const changes = [{ version: "2.0" }, { model: "other-9" }, { version: null, model: null }];
    for (const [epoch, update] of changes.entries()) {
      deps.clock.advance(1);
      if (epoch > 0) copies.push(await attest());
      const after = await updateAgent(deps, administrator, { name: "reporter", update });
      assert.deepEqual(after, await agentOrRefuse(deps, "reporter"));
      assert.deepEqual([after.status, after.epoch], ["unattested", epoch + 1]);
      assert.ok((await deadKeys(example)).includes(`agent:reporter#${epoch}`));
      await assert.rejects(aliveAgent(deps, "reporter"), refusal("forbidden", /has not proven itself/));
    }
    for (const { id, thumbprint } of copies) {
      assert.equal((await findInstance(deps, id))?.status, "ended");
      const dead = await deadKeys(example);
      assert.ok(dead.includes(`instance:${id}`) && dead.includes(`jkt:${thumbprint}`));
    }
    const told = (await eventsOf(example, "agent.unattested")).map(({ body }) => body);
    assert.deepEqual(told, [
      { epoch: 1, instances: 2, why: "version changed" },
      { epoch: 2, instances: 1, why: "model changed" },
      { epoch: 3, instances: 1, why: "model and version changed" },
    ]);
    await attest();
    assert.equal((await aliveAgent(deps, "reporter")).unattestedSince, undefined);
    assert.ok(revision < (await aliveAgent(deps, "reporter")).revision);
  });

  it("what an agent is not made of may change without that", async () => {
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
    const update = { purpose: "Writes all reports.", deployment: "k8s/other", region: "eu-2" };
    await updateAgent(example.deps, example.administrator, { name: "reporter", update });
    assert.equal(await statusNow(), "active");
    assert.deepEqual(await deadKeys(example), []);
  });

  it("evidence from before does not bring it back, whoever shows it", async () => {
    const { deps } = example;
    await exampleAgent(example, { version: "1.0" });
    await exampleInstance(example, "reporter");
    const before = deps.clock.now();
    deps.clock.advance(minutes(1));
    await updateAgent(deps, example.administrator, { name: "reporter", update: { version: "2.0" } });
    await assert.rejects(attest(before), refusal("forbidden", /this is from before/));
    assert.equal(await statusNow(), "unattested");
    deps.clock.advance(1);
    await attest(deps.clock.now());
    assert.equal(await statusNow(), "active");
  });

  it("a copy that keeps its SPIFFE ID comes back under it, by fresh word only", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example, { version: "1.0" });
    const id = "spiffe://example.org/agent/reporter/svid-of-another";
    const jwk = freshKey();
    const come = (issued: number) =>
      perform(deps, administrator, "instance.enrol", async (change) =>
        vouchFor(deps, change, administrator, {
          id,
          of: { agent: await agentOrRefuse(deps, "reporter") },
          jwk,
          strength: "attested-svid",
          expires: deps.clock.now() + hours(1),
          evidence: "test",
          issued,
          keepsId: true,
        }),
      );
    await come(deps.clock.now());
    deps.clock.advance(minutes(1));
    const before = deps.clock.now() - 1;
    await updateAgent(deps, administrator, { name: "reporter", update: { version: "2.0" } });
    assert.deepEqual(await deadKeys(example), ["agent:reporter#0"]);
    await assert.rejects(come(before), refusal("forbidden", /this is from before/));
    assert.equal(await statusNow(), "unattested");
    deps.clock.advance(1);
    await come(deps.clock.now());
    assert.equal(await statusNow(), "active");
  });

  it("suspended stays suspended; what is resumed proves itself first where it must", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example, { version: "1.0" });
    const named = { name: "reporter" };
    await suspendAgent(deps, administrator, named);
    assert.equal((await resumeAgent(deps, administrator, named)).status, "unattested");
    await attest();
    await suspendAgent(deps, administrator, named);
    assert.equal((await resumeAgent(deps, administrator, named)).status, "active");
    await suspendAgent(deps, administrator, named);
    const changed = await updateAgent(deps, administrator, { ...named, update: { version: "2.0" } });
    assert.equal(changed.status, "suspended");
    await assert.rejects(attest(), refusal("forbidden", /is suspended/));
    assert.equal((await resumeAgent(deps, administrator, named)).status, "unattested");
    await attest();
    assert.equal(await statusNow(), "active");
  });

  it("what people start has no proof of its own to lose: what it holds dies, and they start it again", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example, { client: CLIENT });
    const update = { model: "other-9" };
    const after = await updateAgent(deps, administrator, { name: "reporter", update });
    assert.deepEqual([after.status, after.epoch], ["active", 1]);
    assert.deepEqual(await deadKeys(example), ["agent:reporter#0"]);
  });

  it("another room makes it prove itself in its own change, and nothing of it stands without the other", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
    const again = (fails: boolean) =>
      perform(deps, administrator, "test.change", async (change) => {
        const agent = await agentOrRefuse(deps, "reporter");
        const after = await attestAgain(deps, change, administrator, agent, "image changed");
        if (fails) throw new Fault("invalid", "The rest cannot be.");
        return after;
      });
    await assert.rejects(again(true), refusal("invalid"));
    assert.equal(await statusNow(), "active");
    assert.deepEqual(await again(false), await agentOrRefuse(deps, "reporter"));
    assert.equal(await statusNow(), "unattested");
  });
});
