import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { requireValidStatus, verifyStatusList } from "@countersign/proof/status-list";
import type { AccessTokenClaims } from "@countersign/proof/token";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, codeOf, quarters } from "../delegation/fixture.ts";
import { closeTask } from "../delegation/index.ts";
import { minutes, type Random, seconds } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { resumeAgent, suspendAgent } from "../registry/index.ts";
import { ask, claimsIn, exchange, openMarket, ownToken } from "./fixture.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { forgetStaleProofs } from "./one-time-proof.ts";
import { StatusLists } from "./status-list.ts";
import { livingLists } from "./status-place.ts";
import type { StatusTables } from "./tables-status.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const write = [call("reports/write", quarters("Q1", "Q2"))];

/** As a stranger: by the published keys alone. @returns the status at the token's place */
async function lookUp(deps: OauthDeps, { status }: AccessTokenClaims): Promise<number> {
  assert.ok(status !== undefined);
  const { idx, uri } = status.status_list;
  const { token } = await deps.statusLists.read(deps, uri.replace(`${issuer}/status/`, ""));
  const list = verifyStatusList(token, { uri, keys: keySetOf(deps.keys, "token"), now: deps.clock.now() });
  if (list.at(idx) === 0) requireValidStatus(status, list, deps.clock.now());
  return list.at(idx);
}

/** All bytes the same but for the places that a test wants to be drawn. */
const drawing = (real: Random, ...places: number[]): Random => ({
  bytes(length) {
    const next = length === 4 ? places.shift() : undefined;
    return next === undefined
      ? real.bytes(length)
      : new Uint8Array([next >> 24, next >> 16, next >> 8, next]);
  },
});

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  const issued = async () => {
    const { deps, planner } = room;
    const { task, edge } = await begunTask(deps, room, { grants: write });
    return { task, edge, claims: claimsIn(await exchange(deps, planner, edge.id, write)) };
  };
  const later = () => room.deps.clock.advance(seconds(10));

  describe("the status of a token", () => {
    test("is valid until what it rests on has ended, and invalid from then on", async () => {
      const { deps, desk } = room;
      const { task, claims } = await issued();
      const other = await issued();
      assert.equal(await lookUp(deps, claims), 0);
      await closeTask(deps, desk.caller, { task: task.id });
      later();
      assert.equal(await lookUp(deps, claims), 1);
      assert.equal(await lookUp(deps, other.claims), 0);
    });

    test("is suspended while somebody in its chain is, and does not come back with her", async () => {
      const { deps, ada } = room;
      const { claims } = await issued();
      await suspendAgent(deps, ada.caller, { name: "planner" });
      later();
      assert.equal(await lookUp(deps, claims), 2);
      await resumeAgent(deps, ada.caller, { name: "planner" });
      later();
      assert.equal(await lookUp(deps, claims), 2);
      assert.equal(await lookUp(deps, (await issued()).claims), 0);
    });

    test("is invalid, not suspended, where something is over for good as well", async () => {
      const { deps, ada, desk } = room;
      const { task, claims } = await issued();
      await suspendAgent(deps, ada.caller, { name: "planner" });
      await closeTask(deps, desk.caller, { task: task.id });
      await resumeAgent(deps, ada.caller, { name: "planner" });
      later();
      assert.equal(await lookUp(deps, claims), 1);
    });

    test("is told the same by a server that has never looked before", async () => {
      const { deps, desk } = room;
      const { task, claims } = await issued();
      await closeTask(deps, desk.caller, { task: task.id });
      const fresh = { ...deps, statusLists: new StatusLists() };
      assert.equal(await lookUp(fresh, claims), 1);
    });

    test("stands at a place of the token's own, drawn at random, among those that expire when it does", async () => {
      const { deps } = room;
      const [one, two] = [(await issued()).claims, (await issued()).claims];
      assert.notEqual(one.status?.status_list.idx, two.status?.status_list.idx);
      const list = Math.floor(one.exp / 300);
      assert.equal(one.status?.status_list.uri, `${issuer}/status/${list}`);
      assert.ok(livingLists(deps).includes(list));
    });

    test("is never another's: of two tokens that draw the same place, one draws again", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room, { grants: write });
      const places = { ...deps, random: drawing(deps.random, 7_000, 7_000, 7_001) };
      const first = claimsIn(await exchange(places, planner, edge.id, write));
      const second = claimsIn(await exchange(places, planner, edge.id, write));
      assert.deepEqual([first.status?.status_list.idx, second.status?.status_list.idx], [7_000, 7_001]);
    });

    test("is not said of a token for Countersign itself, which judges it by what is dead now", async () => {
      const { deps, planner } = room;
      const claims = claimsIn({ access_token: await ownToken(deps, planner) });
      assert.equal(claims.status, undefined);
    });
  });

  describe("a status list", () => {
    test("is made anew at most every ten seconds, however often it is asked for", async () => {
      const { deps } = room;
      const list = String(livingLists(deps)[0]);
      const [one, two] = await Promise.all([
        deps.statusLists.read(deps, list),
        deps.statusLists.read(deps, list),
      ]);
      assert.equal(one.token, two.token);
      later();
      const [three, four] = await Promise.all([
        deps.statusLists.read(deps, list),
        deps.statusLists.read(deps, list),
      ]);
      assert.notEqual(three.etag, one.etag);
      assert.equal(three.token, four.token);
    });

    test("exists only where a living token can be, so that nobody can have others made", async () => {
      const { deps } = room;
      const living = livingLists(deps);
      const names = [(living[0] ?? 0) - 1, (living.at(-1) ?? 0) + 1, 0, -1, "", "x", `0${living[0]}`, "1e9"];
      for (const name of names)
        assert.equal(await codeOf(deps.statusLists.read(deps, String(name))), "not-found");
    });

    test("is forgotten with its tokens, and no place in it is given again", async () => {
      const { deps, planner } = room;
      const own = { grant_type: "client_credentials", resource: "https://ledger.example" };
      const grants = JSON.stringify([call("ledger/read", { open_args: true })]);
      const { status } = claimsIn(await ask(deps, planner, { ...own, authorization_details: grants }));
      const places = () =>
        deps.database.tables<StatusTables>().selectFrom("token_status").select("slot").execute();
      assert.ok((await places()).length > 0);
      deps.clock.advance(minutes(20));
      await forgetStaleProofs(deps);
      assert.deepEqual(await places(), []);
      const list = String(status?.status_list.uri.replace(`${issuer}/status/`, ""));
      assert.equal(await codeOf(deps.statusLists.read(deps, list)), "not-found");
    });
  });
});
