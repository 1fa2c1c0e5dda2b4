import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize } from "@countersign/proof/jcs";
import { issueTxnToken, type TxnTokenClaims } from "@countersign/proof/txn-token";
import { args, livingFeed, refusedWith } from "./billing-of-tests.ts";
import { Refused, Unreachable } from "./errors.ts";
import { handClock, issuer, resource, testIssuer, tool } from "./issuer-of-tests.ts";
import { receive } from "./receive.ts";

const gateway = "spiffe://example.org/service/gateway/1";
const call = { tool, args };

function receiving({ spend = async (_: string) => {}, feed = livingFeed } = {}) {
  const clock = handClock();
  const { key, keys } = testIssuer(clock);
  const spent: string[] = [];
  const transactions = {
    begin: () => Promise.reject(new Error("not here")),
    goOn: async (token: string) => `next of ${token}`,
    spend: async (token: string) => {
      await spend(token);
      spent.push(token);
    },
  };
  const receiver = receive({
    runtime: clock,
    issuer,
    resource,
    keys,
    feed,
    trustDomain: "example.org",
    transactions,
  });
  const issue = (more: Partial<TxnTokenClaims> = {}, context: object = {}): string => {
    const iat = Math.floor(clock.now() / 1000);
    const claims: TxnTokenClaims = {
      ...{ iss: issuer, aud: "example.org", iat, exp: iat + 60, txn: "action_1", sub: "person_alice" },
      ...{
        scope: tool,
        req_wl: gateway,
        act: { iss: issuer, sub: "cost-analysis-agent" },
        rev: ["task:task_1"],
      },
      tctx: { resource, tool, args_hash: sha256Base64url(canonicalize(args)), ...context },
      ...more,
    };
    return issueTxnToken(claims, { kid: "k1", key: key.privateKey });
  };
  return { clock, receiver, issue, spent };
}

test("a request with the token of its call is let through, and says who acts for whom", async () => {
  const { receiver, issue, spent } = receiving();
  const token = issue();
  const transaction = await receiver.verify({ txnToken: [token], call, from: gateway });
  assert.deepEqual([transaction.human_principal, transaction.agent], ["person_alice", "cost-analysis-agent"]);
  assert.equal(await transaction.goOn(), `next of ${token}`);
  assert.deepEqual(spent, []);
});

test("a token counts once for each way that it came", async () => {
  const { receiver, issue } = receiving();
  await receiver.verify({ txnToken: [issue()], call, from: "unproven" });
  await refusedWith(receiver.verify({ txnToken: [issue()], call, from: "unproven" }), 401, "invalid_token");
  const through = `${gateway} spiffe://example.org/service/ledger/1`;
  await receiver.verify({ txnToken: [issue({ req_wl: through })], call, from: "unproven" });
});

test("who sends it must be proven, or be said to be unproven: silence lets nobody through", async () => {
  const { receiver, issue } = receiving();
  const silent = { txnToken: [issue()], call } as never;
  await refusedWith(receiver.verify(silent), 401, "invalid_token");
  const other = { txnToken: [issue()], call, from: "spiffe://example.org/service/other/1" };
  await refusedWith(receiver.verify(other), 401, "invalid_token");
  await receiver.verify({ txnToken: [issue()], call, from: "unproven" });
});

test("where the tool changes anything, the control plane is asked first, and its no is the answer", async () => {
  const good = receiving();
  const token = good.issue({}, { side_effect: true });
  await good.receiver.verify({ txnToken: [token], call, from: "unproven" });
  assert.deepEqual(good.spent, [token]);
  const answers: [Error, number, string][] = [
    [new Refused("used", { code: "replayed", status: 401 }), 401, "invalid_token"],
    [new Refused("over", { code: "gone", status: 410 }), 401, "invalid_token"],
    [new Refused("who?", { code: "unauthenticated", status: 401 }), 503, "temporarily_unavailable"],
    [new Refused("busy", { code: "busy", status: 503 }), 503, "temporarily_unavailable"],
    [new Unreachable("away"), 503, "temporarily_unavailable"],
  ];
  for (const [cause, status, error] of answers) {
    const { receiver, issue } = receiving({ spend: () => Promise.reject(cause) });
    const attempt = receiver.verify({ txnToken: [issue({}, { side_effect: true })], call, from: "unproven" });
    await refusedWith(attempt, status, error);
  }
});

test("a token for anything else is refused: another tool, other arguments, resource, domain, sender", async () => {
  const { receiver, issue, clock } = receiving();
  const refused = (token: string, more: object = {}) =>
    refusedWith(
      receiver.verify({ txnToken: [token], call, from: "unproven", ...more }),
      401,
      "invalid_token",
    );
  await refused(issue(), { call: { tool, args: { quarter: "2026-Q4" } } });
  await refused(issue(), { call: { tool: "billing/pay", args } });
  await refused(issue({}, { resource: "http://localhost:4700/other" }));
  await refused(issue({ aud: "example.com" }));
  await refused(issue({ iss: "http://localhost:1" }));
  await refused(issue(), { from: "spiffe://example.org/service/thief/1" });
  const old = issue();
  clock.move(60_000);
  await refused(old);
});

test("an access token is no transaction token, and one header is needed, no more and no less", async () => {
  const { receiver, issue } = receiving();
  const other = testIssuer(handClock());
  await refusedWith(
    receiver.verify({ txnToken: [other.issue()], call, from: "unproven" }),
    401,
    "invalid_token",
  );
  for (const txnToken of [undefined, [], [issue(), issue()]])
    await refusedWith(receiver.verify({ txnToken, call, from: "unproven" }), 400, "invalid_request");
});

test("what has been revoked is refused, and everything while the feed is not heard", async () => {
  const dead = receiving({ feed: { ...livingFeed, isDead: () => true } });
  await refusedWith(
    dead.receiver.verify({ txnToken: [dead.issue()], call, from: "unproven" }),
    401,
    "invalid_token",
  );
  const deaf = receiving({ feed: { ...livingFeed, isFresh: () => false } });
  await refusedWith(
    deaf.receiver.verify({ txnToken: [deaf.issue()], call, from: "unproven" }),
    503,
    "temporarily_unavailable",
  );
});
