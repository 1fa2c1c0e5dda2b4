import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createDpopProof } from "@countersign/proof/dpop";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, codeOf, quarters, type Running } from "../delegation/fixture.ts";
import { openKeyRing, rotateKeys } from "../keys/index.ts";
import { deadAmong, feedAfter, revoke } from "../revocation/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket, ownToken, requestTo } from "./fixture.ts";
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
