import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { eventsOf } from "../registry/test-registry.ts";
import { hostAttest } from "./routes-hosts.ts";
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
});
