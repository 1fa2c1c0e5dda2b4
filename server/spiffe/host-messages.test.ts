import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AttestAnswer } from "@countersign/host/upstream";
import { endProcesses, forgetProcesses, restsOf, vouchWithin } from "../attestation/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { days, hours } from "../lib/index.ts";
import { findAgent, restAgents, resumeAgent, suspendAgent, updateAgent } from "../registry/index.ts";
import { eventsOf, exampleAgent } from "../registry/test-registry.ts";
import { nextHostState } from "./host-changes.ts";
import { putTrustDomain } from "./index.ts";
import { agentCaller, vouchingAt } from "./test-agents.ts";
import { asking, freshKey, type Hosts, openHosts } from "./test-hosts.ts";

const codeOf = (answer: AttestAnswer | undefined): string | undefined =>
  answer !== undefined && "refused" in answer ? answer.refused.code : undefined;

const instanceIn = (answer: AttestAnswer | undefined): string =>
  answer !== undefined && "instance" in answer ? answer.instance : assert.fail(JSON.stringify(answer));

const process = (pid: number) => ({ process: { pid, started: "boot:9" } });

/** A key as it comes, written otherwise: the same bytes in another text. */
const otherwise = (spki: string): string => `${spki.slice(0, 20)}\n${spki.slice(20)}`;

forEachEngine((engine) => {
  let house: Hosts;
  let count = 0;
  before(async () => {
    house = await openHosts(engine);
  });
  after(() => house.close());

  async function scene() {
    count += 1;
    const name = `crowd-${count}`;
    await exampleAgent(house, { name });
    const entry = await house.declare({}, "main", name);
    const { caller } = await house.machine(`rack-${count}`);
    const attest = (...requests: ReturnType<typeof asking>[]) => house.attest(caller, ...requests);
    return { name, entry, caller, attest };
  }

  test("all that one machine starts at once is one change: its agent's record moves once, and each has its own evidence", async () => {
    const { name, entry, attest } = await scene();
    const asked = Array.from({ length: 12 }, (_, pid) => asking(entry.id, freshKey(), process(pid + 1)));
    const revision = (await findAgent(house.deps, name))?.revision ?? 0;
    const answers = await attest(...asked.with(5, { ...asked[5], proof: "" } as never));
    assert.deepEqual(
      answers.map(codeOf),
      asked.map((_, nth) => (nth === 5 ? "key-not-proven" : undefined)),
    );
    const agent = await findAgent(house.deps, name);
    assert.deepEqual([agent?.status, agent?.revision], ["active", revision + 1]);
    const told = async (type: string) =>
      (await eventsOf(house, type)).filter(({ about }) => about.agent === name).length;
    assert.deepEqual(
      [await told("agent.activated"), await told("instance.enrolled"), await told("attestation.passed")],
      [1, 11, 11],
    );
    assert.equal((await attest(asked[5] as never)).map(codeOf)[0], undefined, "it may try again");
  });

  test("one message makes no more copies than there is room for, beside those that run", async () => {
    const { deps, administrator } = house;
    const { name, entry, attest } = await scene();
    const delegation = { max_depth: 4, max_instances: 5, delegate_to: [], needs_person: [] };
    await updateAgent(deps, administrator, { name, update: { delegation } } as never);
    await attest(asking(entry.id, freshKey(), process(1)), asking(entry.id, freshKey(), process(2)));
    const requests = Array.from({ length: 6 }, (_, pid) => asking(entry.id, freshKey(), process(pid + 10)));
    const answers = await Promise.all([attest(...requests.slice(0, 2)), attest(...requests.slice(2))]);
    const codes = answers.flat().map(codeOf);
    assert.equal(codes.filter((code) => code === undefined).length, 3);
    assert.equal(codes.filter((code) => code === "forbidden").length, 3);
  });

  test("two for one key or one running copy in a message are judged one after the other, however they are written", async () => {
    const { entry, attest } = await scene();
    const [key, other] = [freshKey(), freshKey()];
    const first = asking(entry.id, key, process(1));
    const again = asking(entry.id, key, { ...process(1), spki: otherwise(first.spki) });
    const clone = asking(entry.id, key, { ...process(2), spki: otherwise(first.spki) });
    const [one, two, three] = await attest(first, again, clone);
    assert.equal(instanceIn(one), instanceIn(two), "a lost answer makes no second copy");
    assert.equal(codeOf(three), "key-of-another");
    const instance = instanceIn(one);
    const renewals = [asking(entry.id, other, { ...process(1), instance }), first, again];
    const [renewed, ...late] = await attest(...renewals);
    assert.equal(instanceIn(renewed), instance);
    for (const answer of late) assert.equal(instanceIn(answer), instance);
    assert.equal((await eventsOf(house, "instance.cloned")).length, 1);
  });

  test("an agent that fell asleep is woken once by all that start at once", async () => {
    const { deps } = house;
    const { name, entry, attest } = await scene();
    const start = () => attest(...[1, 2, 3].map((pid) => asking(entry.id, freshKey(), process(pid))));
    await start();
    deps.clock.advance(hours(1));
    await restAgents({ ...deps, lifecycle: { dormantAfter: hours(1) } });
    assert.equal((await findAgent(deps, name))?.status, "dormant");
    for (const answer of await start()) instanceIn(answer);
    assert.equal((await findAgent(deps, name))?.status, "active");
    const woken = await eventsOf(house, "agent.activated");
    assert.equal(woken.filter(({ about }) => about.agent === name).length, 2);
  });

  test("whatever changes what a machine may serve reaches it at once", async () => {
    const { deps, administrator } = house;
    const { name, caller } = await scene();
    const federated = { bundle: { keys: [], spiffe_sequence: 1, spiffe_refresh_hint: 300 } };
    const changes: [string, () => Promise<unknown>][] = [
      ["suspended", () => suspendAgent(deps, administrator, { name: name as never })],
      ["resumed", () => resumeAgent(deps, administrator, { name: name as never })],
      [
        "federated",
        () => putTrustDomain(deps, administrator, { name: "other.example", definition: federated } as never),
      ],
    ];
    for (const [what, change] of changes) {
      const { revision } = await nextHostState(deps, caller, undefined);
      const began = performance.now();
      const waiting = nextHostState(deps, caller, revision, 8_000);
      await new Promise((resolve) => setImmediate(resolve));
      await change();
      assert.notEqual((await waiting).revision, revision, what);
      assert.ok(performance.now() - began < 4_000, `${what}: it waited for its next question`);
    }
  });

  test("a process whose SVID expired a day ago is forgotten, with what is within it, and none before", async () => {
    const { deps } = house;
    const { name, entry, caller, attest } = await scene();
    const within = `within-crowd-${count}`;
    await exampleAgent(house, { name: within });
    await house.declare({ selectors: [], hosts: [], vouched_by: [name] }, "main", within);
    const instance = instanceIn((await attest(asking(entry.id, freshKey(), process(1))))[0]);
    const vouching = vouchingAt(deps.clock.now(), within, instance, freshKey());
    const copy = await vouchWithin(deps, agentCaller(name, instance), vouching);
    deps.clock.advance(days(1));
    await forgetProcesses(deps);
    assert.equal((await restsOf(deps, instance)).length, 2);
    assert.ok((await restsOf(deps, copy.id)).includes(`instance:${instance}`));
    deps.clock.advance(hours(1));
    await forgetProcesses(deps);
    assert.deepEqual([await restsOf(deps, instance), await restsOf(deps, copy.id)], [[], []]);
    assert.equal(await endProcesses(deps, caller, { attackerInstances: [instance] }), 0);
    const late = asking(entry.id, freshKey(), { ...process(1), instance });
    assert.equal(codeOf((await attest(late))[0]), "instance-of-another");
  });
});
