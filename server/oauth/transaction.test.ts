import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize } from "@countersign/proof/jcs";
import {
  readTxnToken,
  type TxnTokenClaims,
  txnTokenType,
  verifyTxnToken,
} from "@countersign/proof/txn-token";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { defineServer } from "../catalog/index.ts";
import {
  begunTask,
  call,
  codeOf,
  passOn,
  quarters,
  REPORTS,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { closeTask } from "../delegation/index.ts";
import { minutes, seconds } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { registerService, suspendService } from "../registry/index.ts";
import { ask, claimsIn, exchange, openMarket, ownToken } from "./fixture.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { forgetStaleProofs } from "./one-time-proof.ts";
import { receiveTransaction } from "./receive-transaction.ts";
import { callTool, returnTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const write = [call("reports/write", quarters("Q1", "Q2"))];
const args = { quarter: "Q1" };
const argsHash = sha256Base64url(canonicalize(args));
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const DOMAIN = "acme.example";

const claimsOf = (deps: OauthDeps, token: string): TxnTokenClaims =>
  readTxnToken(token, {
    trustDomain: DOMAIN,
    issuer,
    keys: keySetOf(deps.keys, "token"),
    now: deps.clock.now(),
  });

forEachEngine((engine) => {
  let room: Opened;
  let ledger: Running;
  let archive: Running;
  before(async () => {
    room = await openMarket(engine);
    const { deps, ada } = room;
    const behind = async (name: string) =>
      run(deps, { service: await registerService(deps, ada.caller, { name, owner: ada.id, resources: [] }) });
    [ledger, archive] = [await behind("ledger"), await behind("archive")];
  });
  after(() => room.close());

  /** A call that the service has recorded and is serving. */
  async function served(grants = write) {
    const { deps, planner, reports } = room;
    const { task, edge } = await begunTask(deps, room, { grants });
    const { access_token: token } = await exchange(deps, planner, edge.id, grants);
    const use = { jti: claimsIn({ access_token: token }).jti, tool: "reports/write", args };
    const { action } = await callTool(deps, reports.caller, use);
    return { task, edge, token, use, action };
  }
  const form = (token: string, more: Record<string, string | undefined> = {}) =>
    Object.fromEntries(
      Object.entries({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        requested_token_type: txnTokenType,
        audience: DOMAIN,
        scope: "reports/write",
        subject_token: token,
        subject_token_type: ACCESS_TOKEN,
        request_details: JSON.stringify({ tool: "reports/write", args }),
        ...more,
      }).filter(([, value]) => value !== undefined),
    ) as Record<string, string>;
  const onward = (token: string, more: Record<string, string | undefined> = {}) =>
    form(token, { subject_token_type: txnTokenType, request_details: undefined, scope: undefined, ...more });
  const begin = async (token: string, more: Record<string, string | undefined> = {}) =>
    (await ask(room.deps, room.reports, form(token, more))).access_token;
  const refusedFor = (token: string, more: Record<string, string | undefined>, who?: Running) =>
    codeOf(ask(room.deps, who ?? room.reports, form(token, more)));
  const receive = ({ caller }: Running, attackerToken: string) =>
    receiveTransaction(room.deps, caller, { attackerToken });

  describe("a transaction token", () => {
    test("is given to the service for the call that it serves, and says whose call it is", async () => {
      const { deps, pat, planner, writer, reports } = room;
      const { edge, task } = await begunTask(deps, room, { grants: write });
      const child = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const { access_token } = await exchange(deps, writer, child.id, write);
      const { jti, exp } = claimsIn({ access_token });
      const { action } = await callTool(deps, reports.caller, { jti, tool: "reports/write", args });
      const answer = await ask(deps, reports, form(access_token));
      assert.deepEqual(
        [answer.token_type, answer.issued_token_type, answer.expires_in],
        ["N_A", txnTokenType, 60],
      );
      const { claims } = verifyTxnToken(answer.access_token, {
        ...{ trustDomain: DOMAIN, issuer, keys: keySetOf(deps.keys, "token"), now: deps.clock.now() },
        ...{ resource: REPORTS, tool: "reports/write", argsHash, from: reports.instance.id },
      });
      assert.deepEqual([claims.sub, claims.txn, claims.tctx.action], [pat.id, action, action]);
      assert.deepEqual(claims.act, { iss: issuer, sub: "writer", act: { iss: issuer, sub: "planner" } });
      assert.deepEqual([claims.tctx.task, claims.tctx.side_effect], [task.id, true]);
      assert.ok(claims.exp <= exp && !answer.access_token.includes(access_token.split(".")[1] ?? ""));
      const events = await findEvents(deps.database, { task: task.id, type: "transaction.issued", limit: 5 });
      assert.equal(events.length, 1);
      assert.ok(!events[0]?.body.includes(argsHash));
    });

    test("is for a call on record that is under way, for exactly its tool and arguments", async () => {
      const { deps, reports } = room;
      const { token, use } = await served();
      const other = { quarter: "Q2" };
      const details = (more: object) => ({ request_details: JSON.stringify(more) });
      assert.equal(
        await refusedFor(token, details({ tool: "reports/write", args: other })),
        "invalid-request",
      );
      assert.equal(
        await refusedFor(token, { scope: "reports/read", ...details({ tool: "reports/read", args }) }),
        "invalid-request",
      );
      await begin(token, details({ tool: "reports/write", args_hash: argsHash }));
      await returnTool(deps, reports.caller, { ...use, outcome: "returned" });
      assert.equal(await refusedFor(token, {}), "invalid-request");
    });

    test("is one transaction for one call, however often it is asked for, and another for the next", async () => {
      const { deps, reports } = room;
      const { token, use } = await served([{ ...write[0], max_uses: 2 } as never]);
      const [one, two] = [await begin(token), await begin(token)];
      assert.equal(claimsOf(deps, one).txn, claimsOf(deps, two).txn);
      await receive(ledger, one);
      assert.equal(await codeOf(receive(ledger, two)), "replayed");
      await returnTool(deps, reports.caller, { ...use, outcome: "returned" });
      await callTool(deps, reports.caller, use);
      await receive(ledger, await begin(token));
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
    });

    test("is given to nobody but a service, for a token of its own resource", async () => {
      const { planner } = room;
      const { token } = await served();
      assert.equal(await refusedFor(token, {}, ledger), "invalid-request");
      assert.equal(await refusedFor(token, {}, planner), "unauthorized-client");
      assert.equal(await refusedFor(await ownToken(room.deps, room.reports), {}), "invalid-request");
      assert.equal(await refusedFor("x.y.z", {}), "invalid-request");
      assert.equal(await refusedFor(forgedOf(token), {}), "invalid-request");
    });

    test("is asked for as its specification says, and for nothing more", async () => {
      const { token } = await served();
      const wrong: [Record<string, string | undefined>, string][] = [
        [{ audience: "other.example" }, "invalid-target"],
        [{ audience: undefined }, "invalid-target"],
        [{ resource: REPORTS }, "invalid-target"],
        [{ scope: undefined }, "invalid-request"],
        [{ scope: "reports/read" }, "invalid-scope"],
        [{ request_details: undefined }, "invalid-request"],
        [{ request_details: "x" }, "invalid-request"],
        [{ request_details: "[]" }, "invalid-request"],
        [{ request_details: '{"tool":"reports/write"}' }, "invalid-request"],
        [
          { request_details: `{"tool":"reports/write","args":{},"args_hash":"${argsHash}"}` },
          "invalid-request",
        ],
        [
          { request_details: `{"tool":"reports/write","args":{"quarter":"Q1"},"amount":1}` },
          "invalid-request",
        ],
        [{ request_details: '{"tool":"a","tool":"reports/write","args":{}}' }, "invalid-request"],
        [{ request_context: "x" }, "invalid-request"],
        [{ subject_token_type: "urn:ietf:params:oauth:token-type:refresh_token" }, "invalid-request"],
        [{ actor_token: token }, "invalid-request"],
        [{ authorization_details: "[]" }, "invalid-request"],
        [{ expires_in: "301" }, "invalid-request"],
      ];
      for (const [more, code] of wrong)
        assert.equal(await refusedFor(token, more), code, JSON.stringify(more));
    });

    test("takes from its asker an address and nothing else, and only where it is one", async () => {
      const { token } = await served();
      const context = async (said: object) =>
        claimsOf(room.deps, await begin(token, { request_context: JSON.stringify(said) })).rctx;
      assert.equal(
        (await context({ req_ip: "192.0.2.7", acr: "high", instance: "me" }))?.req_ip,
        "192.0.2.7",
      );
      const hostile = await context({ req_ip: "<b>", acr: "high", strength: "hardware-bound" });
      assert.deepEqual(
        [hostile?.req_ip, hostile?.acr, hostile?.strength],
        [undefined, "urn:countersign:acr:passkey", "enrolled-key"],
      );
    });

    test("ends with what it rests on, and never after the access token", async () => {
      const { deps, desk } = room;
      const { token, task } = await served();
      const transaction = await begin(token, { expires_in: "300" });
      assert.ok(claimsOf(deps, transaction).exp <= claimsIn({ access_token: token }).exp);
      await closeTask(deps, desk.caller, { task: task.id });
      assert.equal(await codeOf(receive(ledger, transaction)), "gone");
      assert.equal(await refusedFor(token, {}), "gone");
      const late = await served();
      const short = await begin(late.token);
      deps.clock.advance(seconds(60));
      assert.equal(await codeOf(receive(ledger, short)), "invalid-request");
      deps.clock.advance(minutes(5));
      assert.notEqual(await refusedFor(late.token, {}), "");
    });

    test("tells those behind a server no more than the server may be told", async () => {
      const { deps, ada } = room;
      await defineServer(deps, ada.caller, { id: "reports", resource: REPORTS, release: [] });
      const { token } = await served();
      const claims = claimsOf(deps, await begin(token));
      await defineServer(deps, ada.caller, { id: "reports", resource: REPORTS });
      const { resource, tool, args_hash, action, side_effect, ...rest } = claims.tctx;
      assert.deepEqual(rest, {});
      assert.deepEqual(claims.act, { iss: issuer, sub: "planner" });
    });
  });

  describe("a transaction that goes on", () => {
    test("keeps its call, its person and its end, and names everybody that it came through", async () => {
      const { deps, reports } = room;
      const { token, task } = await served();
      const first = claimsOf(deps, await begin(token));
      const received = await begin(token);
      const next = claimsOf(
        deps,
        (await ask(deps, ledger, onward(received, { expires_in: "300" }))).access_token,
      );
      for (const name of ["txn", "sub", "aud", "scope", "act", "tctx", "rctx", "iss"] as const)
        assert.deepEqual(next[name], first[name]);
      assert.ok(next.exp <= first.exp);
      assert.equal(next.req_wl, `${reports.instance.id} ${ledger.instance.id}`);
      const [event] = await findEvents(deps.database, {
        task: task.id,
        type: "transaction.handed-on",
        limit: 5,
      });
      assert.deepEqual(JSON.parse(event?.body ?? "").body.through, [reports.instance.id]);
    });

    test("cannot be turned to another call, or go on for ever, or through a service twice", async () => {
      const { deps, reports } = room;
      const { token } = await served();
      const received = await begin(token);
      const going = (more: Record<string, string | undefined>, who = ledger) =>
        codeOf(ask(deps, who, onward(received, more)));
      const details = (more: object) => ({ request_details: JSON.stringify(more) });
      assert.equal(
        await going(details({ tool: "reports/write", args: { quarter: "Q2" } })),
        "invalid-request",
      );
      assert.equal(await going(details({ tool: "reports/read", args })), "invalid-request");
      assert.equal(await going({ scope: "reports/read" }), "invalid-request");
      assert.equal(await going({}, reports), "invalid-request");
      const copy = await run(deps, { service: reports.service });
      assert.equal(await going({}, copy), "invalid-request");
      const twice = (await ask(deps, ledger, onward(received))).access_token;
      assert.equal(await codeOf(ask(deps, ledger, onward(twice))), "invalid-request");
      let last = (await ask(deps, archive, onward(twice, { scope: "reports/write" }))).access_token;
      const { ada } = room;
      const behind = async (name: string) =>
        run(deps, {
          service: await registerService(deps, ada.caller, { name, owner: ada.id, resources: [] }),
        });
      last = (await ask(deps, await behind("vault"), onward(last))).access_token;
      assert.equal(await codeOf(ask(deps, await behind("cellar"), onward(last))), "invalid-request");
    });

    test("is no transaction when it has expired, is forged, or is an access token that says it is one", async () => {
      const { deps } = room;
      const { token } = await served();
      const received = await begin(token);
      const going = (subject: string) => codeOf(ask(deps, ledger, onward(subject)));
      assert.equal(await going(token), "invalid-request");
      assert.equal(await going(forgedOf(received)), "invalid-request");
      assert.equal(await refusedFor(received, {}), "invalid-request");
      deps.clock.advance(seconds(60));
      assert.equal(await going(received), "invalid-request");
    });
  });

  describe("a transaction token at its receiver", () => {
    test("is spent once, whatever way it comes and whoever of the sender's copies asked for it, by all copies of the service together", async () => {
      const { deps, reports } = room;
      const { token, task } = await served();
      const direct = await begin(token);
      assert.equal((await receive(archive, direct)).txn, claimsOf(deps, direct).txn);
      const found = await findEvents(deps.database, {
        task: task.id,
        type: "transaction.received",
        limit: 5,
      });
      assert.equal(found.length, 1);
      assert.equal(await codeOf(receive(archive, direct)), "replayed");
      const through = (await ask(deps, ledger, onward(direct))).access_token;
      assert.equal(await codeOf(receive(archive, through)), "replayed", "handed on");
      const copy = await run(deps, { service: reports.service });
      const { access_token: another } = await ask(deps, copy, form(token));
      assert.equal(claimsOf(deps, another).txn, claimsOf(deps, direct).txn);
      assert.equal(await codeOf(receive(archive, another)), "replayed", "of another copy of its sender");
      await receive(ledger, through);
      assert.equal(await codeOf(receive(ledger, another)), "replayed");
    });

    test("is spent for as long as any token for its call can be made, however short the one lived that spent it", async () => {
      const { deps } = room;
      const { token } = await served();
      await receive(archive, await begin(token, { expires_in: "1" }));
      deps.clock.advance(seconds(2));
      await forgetStaleProofs(deps);
      assert.equal(await codeOf(receive(archive, await begin(token, { expires_in: "300" }))), "replayed");
    });

    test("sent to two servers at once is taken by one", async () => {
      const { token } = await served();
      const transaction = await begin(token);
      const attempts = [receive(ledger, transaction), receive(ledger, transaction)];
      const results = await Promise.allSettled(attempts);
      assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    });

    test("is nothing to agents, people, and services that rest, and what is no transaction is refused", async () => {
      const { deps, ada, planner, pat } = room;
      const { token } = await served();
      const transaction = await begin(token);
      for (const { caller } of [planner, pat, ada])
        assert.equal(
          await codeOf(receiveTransaction(deps, caller, { attackerToken: transaction })),
          "forbidden",
        );
      for (const each of ["", "x", token, `${transaction}x`])
        assert.equal(await codeOf(receive(ledger, each)), "invalid-request");
      const service = await registerService(deps, ada.caller, {
        name: "asleep",
        owner: ada.id,
        resources: [],
      });
      const asleep = await run(deps, { service });
      await suspendService(deps, ada.caller, { id: service.id });
      assert.notEqual(await codeOf(receive(asleep, transaction)), "");
    });
  });
});

/** The same claims under a signature that is none. */
function forgedOf(token: string): string {
  const [head, claims, signature = ""] = token.split(".");
  return `${head}.${claims}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
}
