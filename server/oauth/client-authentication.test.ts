import assert from "node:assert/strict";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createClientAssertion } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { createKeySet, publicJwkOf } from "@countersign/proof/jwk";
import { verifyAccessToken } from "@countersign/proof/token";
import { findEvents, perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import { codeOf, fault, type Running, run } from "../delegation/fixture.ts";
import { hours, system } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { addInstance, agentOrRefuse, endInstance, resumeAgent, suspendAgent } from "../registry/index.ts";
import { ask, migrations, more, openMarket, proofsOf } from "./fixture.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const own = { grant_type: "client_credentials" };

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  describe("client authentication", () => {
    test("makes a token for Countersign itself, bound to the enrolled key, that calls no tool", async () => {
      const { deps, planner } = room;
      const answered = await ask(deps, planner, own);
      assert.equal(answered.token_type, "DPoP");
      assert.equal(answered.expires_in, 300);
      const keys = createKeySet(deps.keys.publicJwks() as never);
      const claims = verifyAccessToken(answered.access_token, {
        issuer,
        audience: issuer,
        keys,
        now: deps.clock.now(),
      });
      assert.deepEqual([claims.sub, claims.client_id], [planner.instance.id, planner.instance.id]);
      assert.equal(claims.cnf.jkt, planner.instance.thumbprint);
      assert.deepEqual(
        claims.authorization_details.map(({ type, locations }) => [type, locations]),
        [["scope", [issuer]]],
      );
      assert.equal(claims.act, undefined);
    });

    const client = () => room.planner;
    const assertion = (more: object) => {
      const { instance, key } = client();
      const now = room.deps.clock.now();
      return createClientAssertion({ clientId: instance.id, issuer, key, now, jti: randomUUID(), ...more });
    };
    const strangerKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const spoilt: [string, () => string][] = [
      ["by another key", () => assertion({ key: strangerKey })],
      ["for another audience", () => assertion({ issuer: `${issuer}/oauth/token` })],
      ["that has expired", () => assertion({ now: room.deps.clock.now() - 61_000 })],
      ["from the future", () => assertion({ now: room.deps.clock.now() + 3_600_000 })],
      ["of an instance that there is not", () => assertion({ clientId: "spiffe://acme.example/agent/x/y" })],
      ["of another instance", () => assertion({ clientId: room.writer.instance.id })],
      ["that is no token", () => "nonsense"],
    ];
    for (const [what, make] of spoilt) {
      test(`refuses an assertion ${what}, always in the same words`, async () => {
        const proofs = { ...proofsOf(room.deps, client()), assertion: make() };
        const refusal = await fault(ask(room.deps, client(), own, proofs));
        assert.equal(refusal.code, "invalid-client");
        assert.equal(refusal.message, "The client could not be authenticated.");
      });
    }

    test("refuses a client_id that is not the one that signed", async () => {
      const { deps, planner, writer } = room;
      assert.equal(
        await codeOf(ask(deps, planner, { ...own, client_id: writer.instance.id })),
        "invalid-client",
      );
    });

    test("refuses a copy that rests on a process's word where nobody knows whose", async () => {
      const { deps } = room;
      const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const instance = await perform(deps, system, "instance.vouch", async (change) =>
        addInstance(deps, change, system, {
          of: { agent: await agentOrRefuse(deps, "planner") },
          jwk: publicJwkOf(key),
          strength: "in-process",
          expires: deps.clock.now() + hours(1),
          evidence: "a test",
        }),
      );
      assert.equal(await codeOf(ask(deps, { ...room.planner, instance, key }, own)), "invalid-client");
    });

    test("refuses an instance that has ended", async () => {
      const { deps, ada } = room;
      const second = await run(deps, { agent: "planner" });
      await ask(deps, second, own);
      await endInstance(deps, ada.caller, { id: second.instance.id });
      assert.equal(await codeOf(ask(deps, second, own)), "invalid-client");
    });

    test("refuses a suspended agent, once its key is proven: on record, and its assertion is used up", async () => {
      const { deps, ada } = room;
      const writer = await run(deps, { agent: "writer" });
      const proofs = proofsOf(deps, writer);
      await suspendAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await codeOf(ask(deps, writer, own, proofs)), "forbidden");
      const [refusal, ...others] = await refusalsOf(writer);
      assert.deepEqual([refusal?.body.action, refusal?.body.code], ["token.issue", "forbidden"]);
      assert.equal(others.length, 0);
      await resumeAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await codeOf(ask(deps, writer, own, proofs)), "invalid-client");
      await ask(deps, writer, own);
    });

    test("whoever has signed and sends a wrong proof of possession stands in the log, and signs anew", async () => {
      const { deps } = room;
      const writer = await run(deps, { agent: "writer" });
      const proofs = proofsOf(deps, writer);
      const stolen = { ...proofs, dpop: proofsOf(deps, room.planner).dpop };
      assert.equal(await codeOf(ask(deps, writer, own, stolen)), "invalid-dpop-proof");
      const refusals = await refusalsOf(writer);
      assert.deepEqual(
        refusals.map(({ body }) => body.code),
        ["invalid-dpop-proof"],
      );
      assert.equal(await codeOf(ask(deps, writer, own, proofs)), "invalid-client");
    });

    /** What an instance was refused, as the log has it. */
    async function refusalsOf({ instance }: Running) {
      const rows = await findEvents(room.deps.database, { type: "request.refused", limit: 200 });
      const events = rows.map(({ body }) => JSON.parse(body));
      return events.filter(({ actor }) => actor.instance === instance.id);
    }
  });

  describe("proof of possession", () => {
    const proof = (more: object) =>
      createDpopProof({
        key: room.planner.key,
        method: "POST",
        url: `${issuer}/oauth/token`,
        now: room.deps.clock.now(),
        jti: randomUUID(),
        ...more,
      });
    const spoilt: [string, () => string][] = [
      ["by another key than the enrolled one", () => proof({ key: room.writer.key })],
      ["for another URL", () => proof({ url: `${issuer}/oauth/revoke` })],
      ["for another method", () => proof({ method: "GET" })],
      ["that is too old", () => proof({ now: room.deps.clock.now() - 300_000 })],
      ["sent twice in one request", () => `${proof({})}, ${proof({})}`],
      ["that is missing", () => ""],
    ];
    for (const [what, make] of spoilt) {
      test(`refuses one ${what}`, async () => {
        const proofs = { ...proofsOf(room.deps, room.planner), dpop: make() };
        assert.equal(await codeOf(ask(room.deps, room.planner, own, proofs)), "invalid-dpop-proof");
      });
    }
  });

  describe("proofs count once", () => {
    test("an assertion, whatever DPoP proof comes with it", async () => {
      const { deps, planner } = room;
      const proofs = proofsOf(deps, planner);
      await ask(deps, planner, own, proofs);
      const replayed = { ...proofsOf(deps, planner), assertion: proofs.assertion };
      assert.equal(await codeOf(ask(deps, planner, own, replayed)), "invalid-client");
    });

    test("a DPoP proof, whatever assertion comes with it", async () => {
      const { deps, planner } = room;
      const proofs = proofsOf(deps, planner);
      await ask(deps, planner, own, proofs);
      const replayed = { ...proofsOf(deps, planner), dpop: proofs.dpop };
      assert.equal(await codeOf(ask(deps, planner, own, replayed)), "invalid-dpop-proof");
    });

    test("even when the request that they came with was refused", async () => {
      const { deps, planner } = room;
      const proofs = proofsOf(deps, planner);
      assert.equal(
        await codeOf(ask(deps, planner, { ...own, resource: "https://unknown.example" }, proofs)),
        "invalid-target",
      );
      assert.equal(await codeOf(ask(deps, planner, own, proofs)), "invalid-client");
    });

    test("sent many times at once: one is taken", async () => {
      const { deps, planner } = room;
      const proofs = proofsOf(deps, planner);
      const settled = await Promise.allSettled(
        Array.from({ length: 10 }, () => ask(deps, planner, own, proofs)),
      );
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 1);
    });

    test("sent to two servers at once: one is taken", { skip: engine.name !== "postgres" }, async () => {
      const { deps, planner, location } = room;
      const other = { ...deps, ...more(), database: await openDatabase(deps, location, migrations) };
      try {
        for (let round = 0; round < 5; round++) {
          const proofs = proofsOf(deps, planner);
          const both = Array.from({ length: 6 }, (_, i) =>
            ask(i % 2 === 0 ? deps : other, planner, own, proofs),
          );
          const settled = await Promise.allSettled(both);
          assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 1);
        }
      } finally {
        await other.database.close();
      }
    });
  });

  test("an unknown grant type is refused before anything is burnt", async () => {
    const { deps, planner } = room;
    const proofs = proofsOf(deps, planner);
    assert.equal(
      await codeOf(ask(deps, planner, { grant_type: "password" }, proofs)),
      "unsupported-grant-type",
    );
    await ask(deps, planner, own, proofs);
  });
});
