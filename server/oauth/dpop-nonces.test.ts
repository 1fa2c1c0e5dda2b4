import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createDpopProof } from "@countersign/proof/dpop";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, type Running } from "../delegation/fixture.ts";
import { openKeyRing, rotateKeys } from "../keys/index.ts";
import { hours, minutes, seconds, silentLog, systemRandom } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { DpopNonces, type NonceDemand } from "./dpop-nonces.ts";
import { ask, openMarket, ownToken, proofsOf, requestTo } from "./fixture.ts";
import type { OauthDeps } from "./oauth-deps.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const own = { grant_type: "client_credentials" };

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  const demanding = (demand: NonceDemand): OauthDeps => ({
    ...room.deps,
    nonces: new DpopNonces(room.deps, room.deps.keys, demand),
  });
  const proofFor = (deps: OauthDeps, { key }: Running, path: string, more: object = {}) =>
    createDpopProof({
      key,
      method: "POST",
      url: `${issuer}${path}`,
      now: deps.clock.now(),
      jti: randomUUID(),
      ...more,
    });
  const asked = (deps: OauthDeps, nonce?: string) => {
    const { planner } = room;
    const dpop = proofFor(deps, planner, "/oauth/token", nonce === undefined ? {} : { nonce });
    return ask(deps, planner, own, { ...proofsOf(deps, planner), dpop });
  };
  const calls = (deps: OauthDeps, accessToken: string, nonce?: string) => {
    const dpop = proofFor(deps, room.planner, "/delegations", {
      accessToken,
      ...(nonce === undefined ? {} : { nonce }),
    });
    const headers = { authorization: `DPoP ${accessToken}`, dpop };
    return authenticateToken(deps, requestTo("/delegations", headers));
  };

  describe("a nonce that is required", () => {
    test("must be in the proof of a token request, and be a new one of this endpoint", async () => {
      const deps = demanding("required");
      assert.equal(await codeOf(asked(deps)), "use-dpop-nonce");
      assert.equal(await codeOf(asked(deps, "invented")), "use-dpop-nonce");
      assert.equal(await codeOf(asked(deps, deps.nonces.newest("api"))), "use-dpop-nonce");
      assert.equal((await asked(deps, deps.nonces.newest("token-endpoint"))).token_type, "DPoP");
    });

    test("must be in the proof of every call of our own API", async () => {
      const deps = demanding("required");
      const token = await ownToken(room.deps, room.planner);
      assert.equal(await codeOf(calls(deps, token)), "use-dpop-nonce");
      assert.equal(await codeOf(calls(deps, token, deps.nonces.newest("token-endpoint"))), "use-dpop-nonce");
      assert.equal((await calls(deps, token, deps.nonces.newest("api"))).principal, "planner");
    });

    test("is good for a minute or two, and no longer", async () => {
      const deps = demanding("required");
      const nonce = deps.nonces.newest("token-endpoint");
      room.deps.clock.advance(minutes(1));
      assert.notEqual(deps.nonces.newest("token-endpoint"), nonce);
      await asked(deps, nonce);
      room.deps.clock.advance(minutes(1));
      assert.equal(await codeOf(asked(deps, nonce)), "use-dpop-nonce");
    });

    test("holds on every server with the same keys, and after a restart", async () => {
      const deps = demanding("required");
      const basics = { clock: deps.clock, random: systemRandom, log: silentLog };
      const elsewhere = new DpopNonces(basics, await openKeyRing(basics, deps.keys.folder), "required");
      const nonce = elsewhere.newest("token-endpoint");
      assert.equal(nonce, deps.nonces.newest("token-endpoint"));
      await asked(deps, nonce);
    });
  });

  describe("a nonce that is offered", () => {
    test("may be left out; where there is one it must be good", async () => {
      const deps = demanding("offered");
      await asked(deps);
      await asked(deps, deps.nonces.newest("token-endpoint"));
      assert.equal(await codeOf(asked(deps, "invented")), "use-dpop-nonce");
    });

    test("does not save a proof that is worth nothing otherwise", async () => {
      const deps = demanding("offered");
      const { planner, writer } = room;
      const nonce = deps.nonces.newest("token-endpoint");
      const stolen = proofFor(deps, writer, "/oauth/token", { nonce });
      const attempt = ask(deps, planner, own, { ...proofsOf(deps, planner), dpop: stolen });
      assert.equal(await codeOf(attempt), "invalid-dpop-proof");
      const old = proofFor(deps, planner, "/oauth/token", { nonce, now: deps.clock.now() - seconds(300) });
      const late = ask(deps, planner, own, { ...proofsOf(deps, planner), dpop: old });
      assert.equal(await codeOf(late), "invalid-dpop-proof");
    });
  });

  test("where there are none, none is handed out, and one that comes is not looked at", async () => {
    const deps = demanding("off");
    assert.equal(deps.nonces.newest("api"), undefined);
    await asked(deps, "anything");
  });

  test("of other keys is worth nothing, and another secret is for another use", async () => {
    const { keys } = room.deps;
    assert.notDeepEqual(keys.derive("dpop nonce"), keys.derive("something else"));
    assert.equal(keys.derive("dpop nonce").length, 32);
    const before = keys.derive("dpop nonce");
    const rotation = { ...room.deps, withdraw: () => {}, unpublish: async () => {} };
    await rotateKeys(rotation, room.ada.caller, { purpose: "envelope" });
    room.deps.clock.advance(hours(25));
    assert.notDeepEqual(keys.derive("dpop nonce"), before);
  });
});
