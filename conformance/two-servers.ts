/** Two servers on one PostgreSQL and one key folder: what counts once counts once across both. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { sha256Base64url } from "@countersign/proof/digest";
import { signCompact } from "@countersign/proof/jws";
import { makeKey } from "@countersign/sdk";
import type { Administrator } from "./administrator.ts";
import { eventually, pause } from "./chance.ts";
import { requireKept } from "./kept.ts";
import { startLoad } from "./load.ts";
import { verifyOverHttp } from "./log-check.ts";
import type { Report, Suite } from "./report.ts";
import { addReviewedTool } from "./reviewed-tool.ts";
import { onTwoServers, type ServerPair } from "./server-pair.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { type Address, jsonOf, send, type WireAnswer } from "./wire.ts";
import { askAs, askForToken, claimsOf, grantOf, joinToken, proofsOf, TOOL } from "./workloads.ts";

const RACES = 10;

export const twoServers: Suite = (report) =>
  onTwoServers(async (pair) => {
    await countedOnce(report, pair);
    await approvalOnce(report, pair);
    await refusedAtTheOther(report, pair);
    await oneLog(report, pair);
    // After these the agent has a risk of its own, for whoever replays its proofs is to be looked at.
    await provenOnce(report, pair);
    await takeover(report, pair);
  });

/** Sends to both at once, again and again; `winners` of each round must succeed, and the others be refused. */
async function race(
  { first, second }: ServerPair,
  attempt: () => Promise<(to: Address) => Promise<WireAnswer>>,
  refused: readonly number[],
  { asks = 2, winners = 1 } = {},
): Promise<void> {
  for (let round = 0; round < RACES; round++) {
    const ask = await attempt();
    const answers = await Promise.all(
      Array.from({ length: asks }, (_, i) => ask(i % 2 === 0 ? first : second)),
    );
    const shown = answers.map(({ status, body }) => `${status} ${body.subarray(0, 150)}`).join(" | ");
    assert.equal(answers.filter(({ status }) => status < 300).length, winners, shown);
    for (const { status } of answers) assert(status < 300 || refused.includes(status), shown);
  }
}

async function provenOnce(report: Report, pair: ServerPair): Promise<void> {
  const { administrator, workloads } = pair;
  const { agent } = workloads;
  await report.case("of two processes that enrol with one join token at both servers, one does", () =>
    race(pair, async () => {
      const token = await joinToken(administrator, { agent: "posting-agent" });
      return (to) => enrolWith(to, token);
    }, [401]),
  );
  await report.case("of two token requests with one DPoP proof at both servers, one is answered", () =>
    race(pair, async () => {
      const { dpop } = proofsOf(agent);
      return (to) => askForToken(to, { ...proofsOf(agent), dpop });
    }, [400]),
  );
  await report.case("of two token requests with one client assertion at both servers, one is answered", () =>
    race(pair, async () => {
      const { assertion } = proofsOf(agent);
      return (to) => askForToken(to, { ...proofsOf(agent), assertion });
    }, [401]),
  );
}

async function countedOnce(report: Report, pair: ServerPair): Promise<void> {
  for (const [uses, asks] of [
    [1, 2],
    [3, 8],
  ] as const) {
    await report.case(
      `a grant of ${uses} permits ${uses} of ${asks} calls that are counted at both servers at once`,
      () => race(pair, () => countedCall(pair, uses), [410], { asks, winners: uses }),
    );
  }
}

async function approvalOnce(report: Report, pair: ServerPair): Promise<void> {
  const { administrator, first, workloads } = pair;
  const { agent, service } = workloads;
  await report.case("an approval that is spent at both servers at once is spent once", async () => {
    const tool = await addReviewedTool(administrator, first, agent);
    await race(pair, async () => {
      const body = await tool.approvedCall();
      const own = await service.actorToken();
      return (to) => askAs(to, service, own, { method: "POST", path: "/oauth/uses", body });
    }, [410]);
  });
}

/** A new key each time: two processes, not one that repeats itself. */
function enrolWith(to: Address, token: string): Promise<WireAnswer> {
  const { privateKey, jwk } = makeKey();
  const payload = {
    aud: to.issuer,
    token_hash: sha256Base64url(token),
    iat: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
  };
  const proof = signCompact({ header: { typ: "enrol+jwt" }, payload, key: privateKey });
  const body = JSON.stringify({ token, jwk, proof });
  return send(to, { method: "POST", path: "/enrol", headers: { "content-type": "application/json" }, body });
}

async function countedCall({ first, workloads: { agent, service } }: ServerPair, uses: number) {
  const answer = await askForToken(first, proofsOf(agent), [grantOf({ max_uses: uses })]);
  assert.equal(answer.status, 200, String(answer.body));
  const { jti } = claimsOf(jsonOf<{ access_token: string }>(answer).access_token);
  const own = await service.actorToken();
  const body = { jti: String(jti), tool: TOOL, args: { amount: 1 }, phase: "called" };
  return (to: Address) => askAs(to, service, own, { method: "POST", path: "/oauth/uses", body });
}

async function refusedAtTheOther(
  report: Report,
  { first, second, administrator, workloads }: ServerPair,
): Promise<void> {
  const { agent } = workloads;
  const held = (to: Address, token: string) =>
    askAs(to, agent, token, { method: "GET", path: "/delegations" });
  await report.case("an agent suspended at one server is refused at the other at once", async () => {
    for (const [here, there] of [
      [first, second],
      [second, first],
    ] as const) {
      const { access_token } = jsonOf<{ access_token: string }>(await askForToken(here, proofsOf(agent)));
      assert.equal((await held(there, access_token)).status, 200);
      await administrator.at(here).post("/agents/posting-agent/suspend");
      assert.equal((await held(there, access_token)).status, 401);
      assert.notEqual((await askForToken(there, proofsOf(agent))).status, 200);
      await administrator.post("/agents/posting-agent/resume");
      assert.equal(
        (await held(there, access_token)).status,
        401,
        "resuming must not revive what was issued before",
      );
    }
  });
}

async function oneLog(report: Report, { first, second, administrator }: ServerPair): Promise<void> {
  await report.case("written at both servers, the log is one tree, the same at both", async () => {
    const load = startLoad(administrator, "both", [first, second]);
    await pause(700);
    await load.stop();
    await requireKept(administrator, "both", load);
    assert.equal(load.unavailable(), 0);
    const { size } = await verifyOverHttp(administrator.at(second), load.acknowledged.checkpoint);
    assert(size >= load.acknowledged.events.size + load.acknowledged.teams.size);
  });
}

async function takeover(
  report: Report,
  { first, second, administrator, place, keys }: ServerPair,
): Promise<void> {
  await report.case("the sequencing server killed, the other places events within five seconds", () =>
    onTheOther(first, second, administrator),
  );
  await report.case("and the other way round", async () => {
    const again = await startServer(place, { port: first.port, keys });
    await onTheOther(second, again, administrator);
    await verifyOverHttp(administrator);
    await again.stop();
  });
}

async function onTheOther(
  dying: ServerProcess,
  living: ServerProcess,
  administrator: Administrator,
): Promise<void> {
  await dying.kill();
  const there = administrator.at(living);
  const refused = await there.ask("PUT", "/teams/takeover", { lead: "nobody" });
  const { event } = jsonOf<{ event: string }>(refused);
  await eventually(5_000, async () => {
    const evidence = await there.ask("GET", `/audit/events/${event}/evidence`);
    assert.equal(evidence.status, 200, String(evidence.body));
  });
}
