import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { verifyClientAssertion } from "@countersign/proof/client-assertion";
import { readDelegationToken } from "@countersign/proof/delegation-token";
import { verifyDpopProof } from "@countersign/proof/dpop";
import type { Grant } from "@countersign/proof/grant";
import { verifyAccessToken } from "@countersign/proof/token";
import { parseWarrantChain, readLink } from "@countersign/proof/warrant";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { answer } from "../approvals/fixture.ts";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import {
  ALL,
  begunTask,
  call,
  codeOf,
  fault,
  LEDGER,
  passOn,
  quarter,
  quarters,
  REPORTS,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { closeTask } from "../delegation/index.ts";
import { seconds } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { definePartner, endPartner, setPartnerSubject } from "./define-partner.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket, ownToken } from "./fixture.ts";
import { keySetOf } from "./oauth-deps.ts";
import { partnerDefinition } from "./partner.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const OTHER = "https://as.partner.example";
const write = [call("reports/write", quarters("Q1", "Q2"))];
const own = { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange" };

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
    await define();
  });
  after(() => room.close());

  const define = (more: object = {}) =>
    definePartner(room.deps, room.ada.caller, {
      name: "other",
      definition: partnerDefinition.parse({
        audience: OTHER,
        resources: [REPORTS],
        clients: [
          { agent: "planner", client_id: "their-planner" },
          { agent: "writer", client_id: "their-writer" },
        ],
        unseen_calls: "allowed",
        ...more,
      }),
    });
  const jagForm = async (edge: string, grants?: readonly Grant[], client: Running = room.planner) => ({
    ...(await exchangeForm(room.deps, client, edge, grants)),
    requested_token_type: ID_JAG,
    audience: OTHER,
  });
  async function issued(grants: readonly Grant[] = write) {
    const { task, edge } = await begunTask(room.deps, room);
    const answered = await ask(room.deps, room.planner, await jagForm(edge.id, grants));
    return { task, edge, answered, claims: claimsIn(answered) as never as Record<string, unknown> };
  }

  describe("an assertion for another domain", () => {
    test("says who has delegated what to whom, under her name there, to be verified by our published keys", async () => {
      const { deps, pat, planner } = room;
      const { answered, task } = await issued();
      assert.deepEqual(
        [answered.token_type, answered.issued_token_type, answered.expires_in],
        ["N_A", ID_JAG, 300],
      );
      const keys = createLocalJWKSet(deps.keys.publicJwks() as JSONWebKeySet);
      const { payload } = await jwtVerify(answered.access_token, keys, {
        typ: "oauth-id-jag+jwt",
        issuer,
        audience: OTHER,
        algorithms: ["ES256"],
        currentDate: new Date(deps.clock.now()),
        requiredClaims: ["sub", "client_id", "jti", "exp", "iat"],
      });
      assert.deepEqual(
        [payload.client_id, payload.resource, payload.cnf, payload.act, payload.authorization_details],
        [
          "their-planner",
          REPORTS,
          { jkt: planner.instance.thumbprint },
          { iss: issuer, sub: "planner" },
          write,
        ],
      );
      assert.ok(payload.sub !== pat.id && /^[\w-]{43}$/.test(payload.sub ?? ""), "not her id here");
      const rows = await findEvents(deps.database, { task: task.id, type: "assertion.issued", limit: 5 });
      const { body } = JSON.parse(rows[0]?.body ?? "{}");
      assert.deepEqual([body.jti, body.audience, body.client_id], [payload.jti, OTHER, "their-planner"]);
      assert.ok(!JSON.stringify(body).includes(String(payload.sub)));
    });

    test("names her the same each time, and as an administrator says", async () => {
      const { deps, ada, pat, mia } = room;
      const [one, two] = [await issued(), await issued()];
      assert.equal(one.claims.sub, two.claims.sub);
      assert.notEqual(one.claims.jti, two.claims.jti);
      const set = (person: typeof pat.id, subject: string, by = ada) =>
        setPartnerSubject(deps, by.caller, { name: "other", person, subject });
      await set(pat.id, "pat@partner.example");
      assert.equal((await issued()).claims.sub, "pat@partner.example");
      assert.equal(await codeOf(set(mia.id, "pat@partner.example")), "exists");
      assert.equal(await codeOf(set(mia.id, "mia", pat)), "forbidden");
    });

    test("carries the whole chain, and how she signed in where it was elsewhere", async () => {
      const { deps, planner, writer } = room;
      const { edge } = await begunTask(deps, room);
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const answered = await ask(deps, writer, await jagForm(second.id, write, writer));
      assert.deepEqual(claimsIn(answered).act, {
        iss: issuer,
        sub: "writer",
        act: { iss: issuer, sub: "planner" },
      });
    });

    test("is made of a delegated token of the client itself, and of what that token gives", async () => {
      const { deps, planner, writer } = room;
      const { edge } = await begunTask(deps, room);
      const { access_token } = await exchange(deps, planner, edge.id, write);
      const form = {
        ...own,
        subject_token: access_token,
        subject_token_type: ACCESS_TOKEN,
        requested_token_type: ID_JAG,
        audience: OTHER,
        resource: REPORTS,
      };
      assert.deepEqual((await ask(deps, planner, form)).authorization_details, write);
      const wider = JSON.stringify([call("reports/read", { open_args: true })]);
      assert.equal(
        await codeOf(ask(deps, planner, { ...form, authorization_details: wider })),
        "access-denied",
      );
      assert.equal(await codeOf(ask(deps, writer, form)), "invalid-request", "another client's");
      const copy = await run(deps, { agent: "planner" });
      assert.equal(await codeOf(ask(deps, copy, form)), "invalid-request", "another copy's");
      const standing = await ownToken(deps, planner);
      assert.equal(await codeOf(ask(deps, planner, { ...form, subject_token: standing })), "invalid-request");
      const actor = { actor_token: standing, actor_token_type: ACCESS_TOKEN };
      assert.equal(await codeOf(ask(deps, planner, { ...form, ...actor })), "invalid-request");
    });

    test("goes to no audience, for no resource and by no agent that was not said", async () => {
      const { deps, ada, planner, publisher, task } = { ...room, ...(await begun()) };
      const form = await jagForm(task.edge.id, write);
      const asked = async (more: Record<string, string | undefined>) =>
        codeOf(
          ask(
            deps,
            planner,
            Object.fromEntries(Object.entries({ ...form, ...more }).filter(([, v]) => v)) as never,
          ),
        );
      assert.equal(await asked({ audience: "https://evil.example" }), "invalid-target");
      assert.equal(await asked({ audience: `${OTHER}/` }), "invalid-target");
      assert.equal(await asked({ audience: issuer }), "invalid-target");
      assert.equal(await asked({ audience: undefined }), "invalid-request");
      assert.equal(await asked({ resource: LEDGER }), "invalid-target");
      assert.equal(await asked({ scope: "all" }), "invalid-scope");
      assert.equal(
        await asked({ requested_token_type: undefined }),
        "invalid-target",
        "no audience elsewhere",
      );
      const second = await passOn(deps, planner, { edge: task.edge.id, to: "publisher", grants: write });
      const byPublisher = await jagForm(second.id, write, publisher);
      assert.equal(await codeOf(ask(deps, publisher, byPublisher)), "invalid-target");
      await endPartner(deps, ada.caller, { name: "other" });
      assert.equal(await codeOf(ask(deps, planner, form)), "invalid-target");
      await define();
      await ask(deps, planner, await jagForm(task.edge.id, write));
    });
    const begun = async () => ({ task: await begunTask(room.deps, room) });

    test("gives nothing away that is counted, approved or judged at each call", async () => {
      const { deps, mia, planner } = room;
      const counted = [call("reports/write", { ...quarters("Q1"), max_uses: 2 })];
      const one = await begunTask(deps, room, { grants: counted });
      assert.equal(await codeOf(ask(deps, planner, await jagForm(one.edge.id))), "access-denied");
      const publish = [call("reports/publish", quarter("Q1"))];
      const { edge } = await begunTask(deps, room, { grants: ALL });
      const pending = await fault(ask(deps, planner, await jagForm(edge.id, publish)));
      await answer(deps, mia, String(pending.members.approval));
      assert.equal(await codeOf(ask(deps, planner, await jagForm(edge.id, publish))), "access-denied");
      assert.equal(
        (await exchange(deps, planner, edge.id, publish)).token_type,
        "DPoP",
        "the yes is not used up",
      );
      await define({ unseen_calls: "refused" });
      assert.equal(await codeOf(ask(deps, planner, await jagForm(edge.id, write))), "access-denied");
      await define();
    });

    test("ends with its chain, and begins with none that has ended", async () => {
      const { deps, pat, planner } = room;
      const short = await begunTask(deps, room, { expiresIn: seconds(42) });
      assert.equal((await ask(deps, planner, await jagForm(short.edge.id, write))).expires_in, 42);
      const { task, edge } = await begunTask(deps, room);
      const form = await jagForm(edge.id, write);
      await closeTask(deps, pat.caller, { task: task.id });
      assert.equal(await codeOf(ask(deps, planner, form)), "gone");
    });

    test("passes for nothing here", async () => {
      const { deps, planner, edge, jag } = { ...room, ...(await made()) };
      const now = deps.clock.now();
      for (const purpose of ["token", "delegation"] as const) {
        const keys = keySetOf(deps.keys, purpose);
        assert.throws(() => verifyAccessToken(jag, { issuer, audience: OTHER, keys, now }), /typ/);
        assert.throws(() => readDelegationToken(jag, { issuer, keys, now }), /typ/);
      }
      const client = { clientId: issuer, issuer: OTHER, now };
      const resolve = () => deps.keys.verifier("token", deps.keys.signer("token").kid);
      assert.throws(() => verifyClientAssertion(jag, { ...client, resolve } as never));
      assert.throws(
        () => verifyDpopProof(jag, { method: "POST", url: issuer, now, windowSeconds: 60 }),
        /typ/,
      );
      assert.throws(() => parseWarrantChain(jag).map(readLink), /typ/);
      const form = await exchangeForm(deps, planner, edge.id, write);
      assert.equal(await codeOf(ask(deps, planner, { ...form, subject_token: jag })), "invalid-request");
      assert.equal(await codeOf(ask(deps, planner, { ...form, actor_token: jag })), "invalid-request");
      const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
      assert.equal(await codeOf(ask(deps, planner, { grant_type, assertion: jag })), "invalid-grant");
    });
    const made = async () => {
      const { edge, answered } = await issued();
      return { edge, jag: answered.access_token };
    };
  });

  describe("a partner", () => {
    test("is defined by an administrator, once for each audience, and is not ourselves", async () => {
      const { deps, ada, pat } = room;
      const definition = (audience: string) =>
        partnerDefinition.parse({ audience, resources: [REPORTS], clients: [] });
      const attempt = (name: string, audience: string, by = ada) =>
        codeOf(definePartner(deps, by.caller, { name, definition: definition(audience) }));
      assert.equal(await attempt("third", "https://third.example", pat), "forbidden");
      assert.equal(await attempt("third", OTHER), "exists");
      assert.equal(await attempt("third", issuer), "invalid");
      assert.equal(await codeOf(endPartner(deps, pat.caller, { name: "other" })), "forbidden");
      const nobody = {
        ...definition("https://third.example"),
        clients: [{ agent: "nobody-here", client_id: "x" }],
      };
      assert.equal(
        await codeOf(definePartner(deps, ada.caller, { name: "third", definition: nobody })),
        "invalid",
      );
    });
  });
});
