/** A limit that policy sets on calls in a window: two servers on one PostgreSQL admit exactly so many. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createDpopProof } from "@countersign/proof/dpop";
import type { JsonObject } from "@countersign/proof/jcs";
import type { Instance } from "@countersign/sdk";
import type { Suite } from "./report.ts";
import { onTwoServers } from "./server-pair.ts";
import { type Address, jsonOf, send, type WireAnswer } from "./wire.ts";
import { askForToken, claimsOf, grantOf, proofsOf, TOOL } from "./workloads.ts";

const MOST = 100;
const CALLS = 1_000;
/** Rates are counted by source: no source sends more than it may. */
const SOURCES = 50;

const POLICY = `kind: Policy
name: posts-a-minute
spec:
  text: |
    @id("posts-a-minute")
    @reason("At most ${MOST} posts a minute.")
    forbid (principal, action == Action::"${TOOL}", resource)
    unless { context has window && context.window has agent_minute && context.window.agent_minute < ${MOST} };
`;

export const exactlyN: Suite = (report) =>
  onTwoServers(async ({ first, second, administrator, workloads: { agent, service } }) => {
    await administrator.human.browser.sendYaml("/manifest/apply", POLICY);
    await report.case(
      `a limit of ${MOST} a minute admits exactly ${MOST} of ${CALLS} calls that two servers count at once`,
      async () => {
        const { access_token } = jsonOf<{ access_token: string }>(
          await askForToken(first, proofsOf(agent), [grantOf()]),
        );
        const body = { jti: String(claimsOf(access_token).jti), tool: TOOL, args: {}, phase: "called" };
        const began = performance.now();
        const answers = await allAtOnce([first, second], service, body);
        report.note(`${CALLS} calls answered in ${Math.round(performance.now() - began)} ms`);
        requireExactly(answers);
      },
    );
    await Promise.all([first.stop(), second.stop()]);
  });

function requireExactly(answers: readonly WireAnswer[]): void {
  const strange = answers.filter(({ status }) => status !== 200 && status !== 403);
  assert.deepEqual(strange.map(({ status, body }) => `${status} ${body}`).slice(0, 3), []);
  assert.equal(answers.filter(({ status }) => status === 200).length, MOST);
}

async function allAtOnce(
  servers: readonly Address[],
  service: Instance,
  body: JsonObject,
): Promise<WireAnswer[]> {
  const token = await service.actorToken();
  const calls = Array.from({ length: CALLS }, (_, i) => ({
    to: servers[i % servers.length] ?? assert.fail(),
    from: `127.0.1.${1 + (i % SOURCES)}`,
  }));
  return Promise.all(calls.map(({ to, from }) => untilAnswered(() => told(to, from, service, token, body))));
}

/** On a machine that is too slow for so many at once some are told to come again: they do. */
async function untilAnswered(ask: () => Promise<WireAnswer>): Promise<WireAnswer> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
  }
}

/** As the service reports a call, with a proof of its own. */
function told(
  to: Address,
  from: string,
  { key }: Instance,
  accessToken: string,
  body: JsonObject,
): Promise<WireAnswer> {
  const path = "/oauth/uses";
  const url = `${to.issuer}${path}`;
  const proven = { key: key.privateKey, accessToken, method: "POST", url };
  const dpop = createDpopProof({ ...proven, now: Date.now(), jti: randomUUID() });
  const headers = { authorization: `DPoP ${accessToken}`, dpop, "content-type": "application/json" };
  return send(to, { method: "POST", path, headers, body: JSON.stringify(body), from });
}
