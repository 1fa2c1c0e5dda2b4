import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { deadKeys, eventsOf } from "../registry/test-registry.ts";
import { hostAttest, hostEndedProcesses } from "./routes-hosts.ts";
import { asking, freshKey, type Hosts, openHosts, PLANNER } from "./test-hosts.ts";

forEachEngine((engine) => {
  let house: Hosts;
  before(async () => {
    house = await openHosts(engine);
  });
  after(() => house.close());

  test("a request that cannot be read is refused by itself, on record, and its neighbours get what is theirs", async () => {
    const long = `unix:path:/${"a".repeat(1_100)}`;
    const { id } = await house.declare({ selectors: [...PLANNER, long] });
    const { caller, host } = await house.machine("build-1");
    const good = (pid: number, selectors = [...PLANNER, long]) =>
      asking(id, freshKey(), { process: { pid, started: "boot:1" }, selectors });
    const tooMany = Array.from({ length: 201 }, (_, gid) => `unix:supplementary_gid:${gid}`);
    const attackerRequests = [
      good(1),
      good(2, [...PLANNER, long, ...tooMany]),
      good(3, [...PLANNER, `unix:path:/${"a".repeat(4_300)}`]),
      { ...good(4), more: 1 },
      null,
      "x",
      good(5),
    ];
    const body = hostAttest.body?.parse({ requests: attackerRequests });
    assert.ok(body);
    const input = { params: {}, query: {}, body, request: {} as never };
    const answer = await hostAttest.handle(house.deps, caller, input);
    const { answers } = answer.body as { answers: { instance?: string; refused?: { code: string } }[] };
    const unreadable = "request-unreadable";
    assert.deepEqual(
      answers.map(({ refused }) => refused?.code),
      [undefined, unreadable, unreadable, unreadable, unreadable, unreadable, undefined],
    );
    const recorded = (await eventsOf(house, "attestation.refused")).map(({ body: said }) => said);
    assert.deepEqual(
      (recorded as { subject: string; reason: string }[]).map(({ subject, reason }) => [subject, reason]),
      Array.from({ length: 5 }, () => [`spiffe://example.org/host/${host.name}`, unreadable]),
    );
  });

  test("a machine that has begun anew ends what it held, and nothing of another machine's", async () => {
    const { id } = await house.declare({}, "anew");
    const [one, other] = [await house.machine("anew-1"), await house.machine("anew-2")];
    const process = (pid: number) => ({ process: { pid, started: "boot:1" } });
    const held = [1, 2].map((pid) => asking(id, freshKey(), process(pid)));
    const mine = await house.attest(one.caller, ...held);
    const [theirs] = await house.attest(other.caller, asking(id, freshKey(), process(3)));
    const body = hostEndedProcesses.body?.parse({ holding: "none" });
    assert.ok(body);
    assert.equal(hostEndedProcesses.body?.safeParse({ holding: "none", instances: [] }).success, false);
    const told = () =>
      hostEndedProcesses.handle(house.deps, one.caller, {
        params: {},
        query: {},
        body,
        request: {} as never,
      });
    assert.deepEqual((await told()).body, { ended: 2 });
    assert.deepEqual((await told()).body, { ended: 0 });
    const dead = await deadKeys(house);
    for (const answer of mine)
      assert.ok("instance" in answer && dead.includes(`instance:${answer.instance}`));
    assert.ok(theirs && "instance" in theirs && !dead.includes(`instance:${theirs.instance}`));
  });
});
