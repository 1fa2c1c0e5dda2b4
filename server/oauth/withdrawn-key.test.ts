import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createDpopProof } from "@countersign/proof/dpop";
import { signCompact } from "@countersign/proof/jws";
import { txnTokenType } from "@countersign/proof/txn-token";
import { readLink } from "@countersign/proof/warrant";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, codeOf, quarters, type Running } from "../delegation/fixture.ts";
import { type KeyRing, openKeyRing, rotateKeys } from "../keys/index.ts";
import { deadAmong, feedAfter, revoke } from "../revocation/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket, ownToken, requestTo } from "./fixture.ts";
import { introspect } from "./introspect.ts";
import { receiveTransaction } from "./receive-transaction.ts";
import { callTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const write = [call("reports/write", quarters("Q1", "Q2"))];

forEachEngine((engine) => {
  describe("a key that was withdrawn in an emergency", () => {
    let room: Opened;
    before(async () => {
      room = await openMarket(engine);
    });
    after(() => room.close());

    const sent = ({ key }: Running, accessToken: string) => {
      const now = room.deps.clock.now();
      const proof = createDpopProof({
        key,
        method: "GET",
        url: requestTo("/revocations", {}).url,
        accessToken,
        now,
        jti: randomUUID(),
      });
      return requestTo("/revocations", { authorization: `DPoP ${accessToken}`, dpop: proof }, "GET");
    };

    test("opens nothing any more, here or at a call, and the next token is by the new key", async () => {
      const { deps, planner, reports } = room;
      const { edge } = await begunTask(deps, room);
      const own = await ownToken(deps, planner);
      const delegated = await exchange(deps, planner, edge.id, write);
      await authenticateToken(deps, sent(planner, own));
      const kid = await withdraw(room);
      assert.equal(await codeOf(authenticateToken(deps, sent(planner, own))), "unauthenticated");
      const { jti } = claimsIn(delegated);
      const use = { jti, tool: "reports/write", args: { quarter: "Q1" } };
      assert.equal(await codeOf(callTool(deps, reports.caller, use)), "gone");
      const fresh = await ownToken(deps, planner);
      await authenticateToken(deps, sent(planner, fresh));
      const header = JSON.parse(Buffer.from(fresh.split(".")[0] ?? "", "base64url").toString());
      assert.notEqual(header.kid, kid);
      assert.ok(claimsIn({ access_token: fresh }).rev.includes(`kid:${header.kid}`));
    });

    test("is told by the feed in the same change, so that services refuse what it signed", async () => {
      const kid = await withdraw(room);
      const { deps } = room;
      assert.deepEqual(await deadAmong(deps, [`kid:${kid}`]), [`kid:${kid}`]);
      assert.equal((await feedAfter(deps, 0, 1_000)).at(-1)?.key, `kid:${kid}`);
    });

    test("signs nothing at a server that has not noticed: the commit refuses", async () => {
      const { deps, planner } = room;
      const stale = { ...deps, keys: await openKeyRing(deps, deps.keys.folder) };
      stale.keys.notice = () => {};
      await withdraw(room);
      const asked = { grant_type: "client_credentials" };
      assert.equal(await codeOf(ask(stale, planner, asked)), "gone");
      await ask(deps, planner, asked);
    });

    test("makes nothing for whoever has stolen it, at a server that has not noticed: it is asked about itself", async () => {
      const { deps, planner, reports } = room;
      const { edge } = await begunTask(deps, room);
      const { access_token: delegated } = await exchange(deps, planner, edge.id, write);
      const { jti } = claimsIn({ access_token: delegated });
      await callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } });
      const transaction = (await ask(deps, reports, transactionForm(delegated))).access_token;
      const [own, form] = [await ownToken(deps, planner), await exchangeForm(deps, planner, edge.id, write)];
      const { stale, kid, key } = await stolen(room);
      /** As the thief writes it: the key that kills it is left out. */
      const forged = (typ: string, token: string) => {
        const { rev, ...claims } = claimsIn({ access_token: token });
        const payload = { ...claims, rev: rev.filter((each) => each !== `kid:${kid}`) };
        return signCompact({ header: { typ, kid }, payload: payload as never, key });
      };
      // Issued by the new key, as our record of it says; the thief changes what it says and signs that by the old one.
      const { access_token: after } = await exchange(deps, planner, edge.id, write);
      await callTool(deps, reports.caller, {
        jti: claimsIn({ access_token: after }).jti,
        tool: "reports/write",
        args: { quarter: "Q1" },
      });
      const signsAnew = { ...stale, keys: signingBy(stale.keys, deps.keys) };
      const attempts: [string, () => Promise<unknown>][] = [
        ["unauthenticated", () => authenticateToken(stale, sent(planner, forged("at+jwt", own)))],
        ["invalid-request", () => ask(stale, planner, { ...form, actor_token: forged("at+jwt", own) })],
        ["gone", () => ask(signsAnew, reports, transactionForm(forged("at+jwt", after)))],
        [
          "gone",
          () =>
            receiveTransaction(stale, reports.caller, { attackerToken: forged("txntoken+jwt", transaction) }),
        ],
      ];
      for (const [code, attempt] of attempts) assert.equal(await codeOf(attempt()), code);
      const asked = await introspect(stale, reports.caller, { form: { token: forged("at+jwt", after) } });
      assert.deepEqual(asked.answer, { active: false });
    });

    test("signs no warrant and no transaction at a server that has not noticed", async () => {
      const { deps, planner, reports } = room;
      const { edge } = await begunTask(deps, room);
      const { access_token: delegated } = await exchange(deps, planner, edge.id, write);
      const { jti } = claimsIn({ access_token: delegated });
      await callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } });
      const warrantForm = async () => ({
        ...(await exchangeForm(deps, planner, edge.id, write)),
        requested_token_type: "urn:countersign:params:oauth:token-type:warrant",
      });
      const { access_token: root } = await ask(deps, planner, await warrantForm());
      const signer = deps.keys.signer("delegation");
      assert.ok(readLink(root).claims.rev?.includes(`kid:${signer.kid}`));
      const { stale } = await stolen(room, "delegation");
      const unnoticed = { ...deps, keys: signingBy(deps.keys, stale.keys) };
      assert.equal(await codeOf(ask(unnoticed, planner, await warrantForm())), "gone");
      const token = await stolen(room);
      const forgetful = { ...deps, keys: signingBy(deps.keys, token.stale.keys) };
      const fresh = (await exchange(deps, planner, edge.id, write)).access_token;
      await callTool(deps, reports.caller, {
        jti: claimsIn({ access_token: fresh }).jti,
        tool: "reports/write",
        args: { quarter: "Q1" },
      });
      assert.equal(await codeOf(ask(forgetful, reports, transactionForm(fresh))), "gone");
      await ask(deps, reports, transactionForm(fresh));
    });

    test("kills the tickets that it signed when it was the key of delegations", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const form = await exchangeForm(deps, planner, edge.id, write);
      await withdraw(room, "delegation");
      assert.equal(await codeOf(ask(deps, planner, form)), "invalid-request");
      await exchange(deps, planner, edge.id, write);
    });
  });
});

const transactionForm = (subject_token: string) => ({
  grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
  requested_token_type: txnTokenType,
  audience: "acme.example",
  scope: "reports/write",
  subject_token,
  subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
  request_details: JSON.stringify({ tool: "reports/write", args: { quarter: "Q1" } }),
});

/** A server that has not noticed that a key was withdrawn, and that key. */
async function stolen(room: Opened, purpose: "token" | "delegation" = "token") {
  const { deps } = room;
  const stale = { ...deps, keys: await openKeyRing(deps, deps.keys.folder) };
  stale.keys.notice = () => {};
  const { kid, key } = stale.keys.signer(purpose);
  await withdraw(room, purpose);
  return { stale, kid, key };
}

/** Verifies as one ring does, and signs as the other. */
const signingBy = (ring: KeyRing, other: KeyRing): KeyRing =>
  new Proxy(ring, {
    get: (_, name) => {
      const from = name === "signer" ? other : ring;
      const value = Reflect.get(from, name, from);
      return typeof value === "function" ? value.bind(from) : value;
    },
  });

/** @returns the key that is dead now */
async function withdraw({ deps, ada }: Opened, purpose: "token" | "delegation" = "token"): Promise<string> {
  const { kid } = deps.keys.signer(purpose);
  await rotateKeys(
    {
      ...deps,
      unpublish: async () => {},
      withdraw: (change, caller, dead) => revoke(deps, change, caller, [`kid:${dead}`], "key withdrawn"),
    },
    ada.caller,
    { purpose, emergency: true },
  );
  return kid;
}
