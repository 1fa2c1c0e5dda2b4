import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { findEvents } from "../../audit/index.ts";
import { forEachEngine } from "../../audit/test-databases.ts";
import { ALL, begunTask, codeOf, fault, REPORTS, run } from "../../delegation/fixture.ts";
import { closeTask } from "../../delegation/index.ts";
import { hours, minutes, seconds } from "../../lib/index.ts";
import { type Enrolled, issuer, person, stranger } from "../../login/fixture.ts";
import { endSession } from "../../login/index.ts";
import { suspendPerson, updateAgent, updatePerson } from "../../registry/index.ts";
import { deadAmong } from "../../revocation/index.ts";
import { ask, claimsIn, exchange } from "../fixture.ts";
import { revokeToken } from "../revoke-token.ts";
import { AuthorizationRefused } from "./answer.ts";
import { chooseGrants } from "./choose.ts";
import { finishAuthorization, refuseAuthorization } from "./finish.ts";
import {
  anotherSession,
  askAs,
  type Bazaar,
  begin,
  CALLBACK,
  codeFor,
  consent,
  interactiveAgent,
  newClient,
  openBazaar,
  redeemAs,
  redeemForm,
  refreshAs,
  type TestClient,
  tokensFor,
} from "./fixture.ts";
import { readAuthorizationRequest } from "./request.ts";

forEachEngine((engine) => {
  let bazaar: Bazaar;
  before(async () => {
    bazaar = await openBazaar(engine);
    await interactiveAgent(bazaar, "second-assistant", { redirect_uris: [CALLBACK] });
  });
  after(() => bazaar.close());

  const misuses = async (): Promise<number> =>
    (await findEvents(bazaar.deps.database, { type: "authorization.misused", limit: 200 })).length;
  const isDead = async ({ rev }: { rev: readonly string[] }): Promise<boolean> =>
    (await deadAmong(bazaar.deps, [...rev])).length > 0;
  const codeOfAnswer = async (who: Enrolled, client: TestClient): Promise<string> =>
    (await codeFor(bazaar.deps, who, client)).get("code") ?? "";
  /** A person like Pat, for tests that take something from her. */
  const someone = async (name: string): Promise<Enrolled> => {
    const { deps, ada } = bazaar;
    const who = await person(deps, ada.caller, name);
    await updatePerson(deps, ada.caller, { id: who.id, update: { groups: ["reporting"] } });
    return who;
  };

  describe("a code in the wrong hands", () => {
    test("injected into another copy of the client is refused, and worth nothing from then on", async () => {
      const { deps, pat } = bazaar;
      const [victim, attacker] = [newClient(), newClient()];
      const code = await codeOfAnswer(pat, victim);
      assert.equal(await codeOf(redeemAs(deps, attacker, code)), "invalid-grant");
      assert.equal(await codeOf(redeemAs(deps, victim, code)), "invalid-grant");
    });

    test("used twice is refused the second time, and all that followed from it is dead", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const token = await tokensFor(deps, pat, client);
      const before = await misuses();
      assert.equal(await codeOf(redeemAs(deps, client, token.code)), "invalid-grant");
      assert.ok(await isDead(claimsIn(token)));
      assert.equal(await codeOf(refreshAs(deps, client, token.refresh)), "invalid-grant");
      assert.equal(await misuses(), before + 1);
      assert.equal(await codeOf(redeemAs(deps, client, token.code)), "invalid-grant");
      assert.equal(await misuses(), before + 1, "told once");
    });

    test("redeemed by eight at once makes one token at most, which then is dead", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const code = await codeOfAnswer(pat, client);
      const before = await misuses();
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => redeemAs(deps, client, code)));
      const made = all.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      assert.ok(made.length <= 1);
      assert.equal(await codeOf(redeemAs(deps, client, code)), "invalid-grant");
      for (const token of made) assert.ok(await isDead(claimsIn(token)));
      assert.equal(await misuses(), before + 1);
    });

    test("is good for a minute, for its redirect URI, its verifier, its client and its key", async () => {
      const { deps, pat } = bazaar;
      const spoiled: [string, Record<string, string>][] = [
        ["another redirect URI", { redirect_uri: "https://app.example/cb" }],
        ["another port of it", { redirect_uri: CALLBACK.replace("33418", "33419") }],
        ["no redirect URI", { redirect_uri: "" }],
        ["another verifier", { code_verifier: newClient().verifier }],
        ["no verifier", { code_verifier: "" }],
        ["the challenge as verifier", { code_verifier: "challenge" }],
        ["another client with the same redirect URI", { client_id: "second-assistant" }],
      ];
      for (const [what, change] of spoiled) {
        const client = newClient();
        const code = await codeOfAnswer(pat, client);
        const more =
          change.code_verifier === "challenge"
            ? { code_verifier: client.params.code_challenge ?? "" }
            : change;
        assert.equal(await codeOf(redeemAs(deps, client, code, more)), "invalid-grant", what);
        assert.equal(await codeOf(redeemAs(deps, client, code)), "invalid-grant", `${what}, then right`);
      }
      const late = newClient();
      const code = await codeOfAnswer(pat, late);
      deps.clock.advance(seconds(60));
      assert.equal(await codeOf(redeemAs(deps, late, code)), "invalid-grant");
    });

    test("bound to a key by dpop_jkt is of no use with another key", async () => {
      const { deps, pat } = bazaar;
      const other = newClient();
      const client = newClient({ dpop_jkt: other.jkt });
      const code = await codeOfAnswer(pat, client);
      assert.equal(await codeOf(redeemAs(deps, client, code)), "invalid-grant");
      const right = { ...client, key: other.key, jkt: other.jkt };
      assert.ok(await redeemAs(deps, right, await codeOfAnswer(pat, right)));
    });

    test("makes no token without a proof of a key, whoever asks", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const code = await codeOfAnswer(pat, client);
      const { issueToken } = await import("../token.ts");
      const { requestTo } = await import("../fixture.ts");
      const { stranger } = await import("../../login/fixture.ts");
      const form = { client_id: "assistant", ...redeemForm(client, code) };
      const bare = issueToken(deps, stranger, { form, request: requestTo("/oauth/token", {}) });
      assert.equal(await codeOf(bare), "invalid-dpop-proof");
    });

    test("of a task that has ended, or whose person no longer has what she gave, makes nothing", async () => {
      const { deps, ada } = bazaar;
      const zoe = await someone("Zoe");
      const client = newClient();
      const begun = await begin(deps, zoe, client);
      const { task } = await consent(deps, zoe, begun);
      const { redirect } = await finishAuthorization(deps, zoe.caller, { id: begun.authorization.id });
      await closeTask(deps, zoe.caller, { task });
      const code = new URL(redirect).searchParams.get("code") ?? "";
      assert.equal(await codeOf(redeemAs(deps, client, code)), "invalid-grant");
      const next = newClient();
      const nextCode = await codeOfAnswer(zoe, next);
      await updatePerson(deps, ada.caller, { id: zoe.id, update: { groups: [] } });
      assert.equal(await codeOf(redeemAs(deps, next, nextCode)), "access-denied");
    });
  });

  describe("a request that is not what it seems", () => {
    const refusedWith = async (more: Record<string, string>, without: readonly string[] = []) => {
      const { params } = newClient(more);
      const left = Object.fromEntries(Object.entries(params).filter(([name]) => !without.includes(name)));
      return readAuthorizationRequest(bazaar.deps, left).then(
        () => assert.fail("it was read"),
        (error: unknown) => error,
      );
    };

    test("is never answered at an address that is not exactly the client's", async () => {
      const tricks = [
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#fragment",
        "https://app.example/cb/../cb",
        "https://app.example/%63b",
        "https://app.example/CB",
        "https://app.example:444/cb",
        "https://app.example:443/cb",
        "https://app.example./cb",
        "https://app.example@evil.example/cb",
        "https://user@app.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example\\@evil.example/cb",
        "https://app.ex\u0430mple/cb",
        "https://xn--app-exmple-2fg.example/cb",
        "https://APP.example/cb",
        " https://app.example/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "/cb",
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "com.example.app:/cb",
        "http://127.0.0.1:1/callback/",
        "http://127.0.0.1:1/callback?x",
        "http://localhost:33418/callback",
        "http://127.0.0.2:33418/callback",
        "http://127.1:33418/callback",
        "http://0x7f.1:33418/callback",
        "http://[::1]:33418/callback",
        "https://127.0.0.1:33418/callback",
        "http://127.0.0.1:33418@evil.example/callback",
        "http://127.0.0.1.evil.example:33418/callback",
      ];
      for (const redirect_uri of tricks) {
        const error = await refusedWith({ redirect_uri });
        assert.ok(!(error instanceof AuthorizationRefused), redirect_uri);
        assert.equal((error as { code: string }).code, "invalid-request", redirect_uri);
      }
      await refusedWith({}, ["redirect_uri"]);
      const { params } = newClient({ redirect_uri: "http://127.0.0.1:50123/callback" });
      assert.ok(await readAuthorizationRequest(bazaar.deps, params), "a port of her machine's choosing");
    });

    test("from a client that nobody registered goes nowhere, and makes this server ask nobody", async () => {
      const { site } = bazaar;
      const before = site.asked.length;
      for (const client_id of [
        site.url("/stranger.json"),
        "https://169.254.169.254/latest",
        "planner",
        "nobody-at-all",
        "spiffe://acme.example/agent/planner/x",
        "__proto__",
        "",
      ]) {
        const error = await refusedWith({ client_id });
        assert.equal((error as { code: string }).code, "invalid-client", client_id);
      }
      assert.equal(site.asked.length, before);
    });

    test("without S256, or with what we do not do, is told to the client in the specified words", async () => {
      const cases: [string, Record<string, string>, string[]][] = [
        ["invalid_request", {}, ["code_challenge", "code_challenge_method"]],
        ["invalid_request", {}, ["code_challenge_method"]],
        ["invalid_request", { code_challenge_method: "plain" }, []],
        ["invalid_request", { code_challenge_method: "s256" }, []],
        ["invalid_request", { code_challenge: "short" }, []],
        ["invalid_request", { dpop_jkt: "short" }, []],
        ["invalid_request", { max_age: "-1" }, []],
        ["invalid_request", { prompt: "later" }, []],
        ["invalid_request", { response_mode: "fragment" }, []],
        ["invalid_request", {}, ["response_type"]],
        ["invalid_request", { state: "caf\u00e9" }, []],
        ["invalid_request", { purpose: "<b>now</b>" }, []],
        ["invalid_request", { purpose: "pay \u202eerom" }, []],
        ["unsupported_response_type", { response_type: "token" }, []],
        ["unsupported_response_type", { response_type: "code id_token" }, []],
        ["interaction_required", { prompt: "none" }, []],
        ["unmet_authentication_requirements", { acr_values: "urn:acr:retina" }, []],
        ["invalid_scope", { scope: "everything" }, []],
        ["invalid_target", {}, ["resource"]],
        ["invalid_target", { resource: "https://elsewhere.example" }, []],
        ["invalid_authorization_details", { authorization_details: "[" }, []],
        ["invalid_authorization_details", { authorization_details: "[]" }, []],
        ["invalid_authorization_details", { authorization_details: '[{"type":"agent_tool"}]' }, []],
        ["request_not_supported", { request: "ey" }, []],
        ["request_uri_not_supported", { request_uri: "https://app.example/r" }, []],
      ];
      for (const [code, more, without] of cases) {
        const error = await refusedWith(more, without);
        assert.ok(error instanceof AuthorizationRefused, JSON.stringify(more));
        assert.equal(error.code, code, JSON.stringify(more));
        assert.equal(error.to.redirectUri, CALLBACK);
      }
      const asked = {
        acr_values: "urn:acr:retina urn:countersign:acr:session",
        max_age: "0",
        prompt: "login",
      };
      assert.ok(await readAuthorizationRequest(bazaar.deps, newClient(asked).params));
    });
  });

  describe("somebody else's request", () => {
    test("is finished, chosen from and refused by its own person alone, in the session in which she began", async () => {
      const { deps, pat, mia } = bazaar;
      const begun = await begin(deps, pat, newClient());
      const { id } = begun.authorization;
      await consent(deps, pat, begun);
      for (const other of [mia, await anotherSession(deps, pat)]) {
        assert.equal(await codeOf(finishAuthorization(deps, other.caller, { id })), "not-found");
        assert.equal(await codeOf(refuseAuthorization(deps, other.caller, { id })), "not-found");
        const choice = { id, places: [0], expiresIn: hours(1) };
        assert.equal(await codeOf(chooseGrants(deps, other.caller, choice)), "not-found");
      }
      await finishAuthorization(deps, pat.caller, { id });
      assert.equal(await codeOf(finishAuthorization(deps, pat.caller, { id })), "gone");
      assert.equal(await codeOf(refuseAuthorization(deps, pat.caller, { id })), "gone");
    });

    test("gives nothing before it is signed, nor after it was refused or has grown old", async () => {
      const { deps, pat } = bazaar;
      const unsigned = await begin(deps, pat, newClient());
      const { id } = unsigned.authorization;
      assert.equal(await codeOf(finishAuthorization(deps, pat.caller, { id })), "conflict");
      await chooseGrants(deps, pat.caller, { id, places: [0], expiresIn: hours(1) });
      assert.equal(await codeOf(finishAuthorization(deps, pat.caller, { id })), "conflict");
      const { redirect } = await refuseAuthorization(deps, pat.caller, { id });
      const answer = new URL(redirect).searchParams;
      assert.deepEqual([answer.get("error"), answer.get("iss")], ["access_denied", issuer]);
      assert.equal(await codeOf(finishAuthorization(deps, pat.caller, { id })), "gone");
      const old = await begin(deps, pat, newClient());
      deps.clock.advance(minutes(15));
      const late = chooseGrants(deps, pat.caller, {
        id: old.authorization.id,
        places: [0],
        expiresIn: hours(1),
      });
      assert.equal(await codeOf(late), "gone");
    });

    test("cannot be made to give what was not offered", async () => {
      const { deps, pat } = bazaar;
      const { authorization } = await begin(deps, pat, newClient());
      assert.ok(authorization.offered.every(({ identifier }) => identifier !== "reports/write"));
      for (const places of [[], [99], [0, 99], [-1], [0.5]]) {
        const choice = { id: authorization.id, places, expiresIn: hours(1) };
        assert.equal(await codeOf(chooseGrants(deps, pat.caller, choice)), "invalid", String(places));
      }
    });
  });

  describe("a copy that a person made for one task", () => {
    test("has no way to another person's task of the same agent", async () => {
      const { deps, pat } = bazaar;
      const mallory = await someone("Mallory");
      const hers = newClient();
      const { instance } = claimsIn(await tokensFor(deps, mallory, hers));
      await begunTask(deps, bazaar, { agent: "assistant", person: pat.id, grants: ALL.slice(0, 1) });
      const clientId = instance ?? "";
      const now = deps.clock.now();
      const assertion = createClientAssertion({ clientId, issuer, key: hers.key, now, jti: "a1" });
      for (const form of [
        { grant_type: "client_credentials" },
        { grant_type: "client_credentials", resource: REPORTS },
        { grant_type: "authorization_code", code: "x" },
      ]) {
        const proven = { client_assertion_type: clientAssertionType, client_assertion: assertion };
        const asked = askAs(deps, { key: hers.key, params: { client_id: clientId } }, { ...proven, ...form });
        assert.equal(await codeOf(asked), "invalid-client");
      }
    });

    test("cannot be made with the key of an enrolled copy, nor be the copy of another agent", async () => {
      const { deps, pat, planner } = bazaar;
      const stolen = { ...newClient(), key: planner.key };
      const code = await codeOfAnswer(pat, stolen);
      assert.equal(await codeOf(redeemAs(deps, stolen, code)), "invalid-grant");
      const client = newClient();
      await tokensFor(deps, pat, client);
      const second = { ...newClient({ client_id: "second-assistant" }), key: client.key };
      assert.equal(await codeOf(redeemAs(deps, second, await codeOfAnswer(pat, second))), "invalid-grant");
    });

    test("goes on with the next task that she gives it, and the one before ends; another person's stays", async () => {
      const { deps } = bazaar;
      const nora = await someone("Nora");
      const client = newClient();
      const first = claimsIn(await tokensFor(deps, nora, client));
      const again = { ...newClient(), key: client.key, jkt: client.jkt };
      const next = claimsIn(await redeemAs(deps, again, await codeOfAnswer(nora, again)));
      assert.equal(next.instance, first.instance);
      assert.ok(await isDead(first));
      const olga = await someone("Olga");
      const others = { ...newClient(), key: client.key, jkt: client.jkt };
      assert.equal(await codeOf(redeemAs(deps, others, await codeOfAnswer(olga, others))), "denied");
      assert.ok(!(await isDead(next)));
    });
  });

  describe("a refresh token", () => {
    test("that comes a second time ends all that followed from the consent", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const first = await tokensFor(deps, pat, client);
      const second = await refreshAs(deps, client, first.refresh);
      const before = await misuses();
      assert.equal(await codeOf(refreshAs(deps, client, first.refresh)), "invalid-grant");
      assert.equal(await misuses(), before + 1);
      assert.ok(await isDead(claimsIn(second)));
      assert.equal(await codeOf(refreshAs(deps, client, second.refresh_token ?? "")), "invalid-grant");
    });

    test("used by eight at once is used once", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const { refresh } = await tokensFor(deps, pat, client);
      const all = await Promise.allSettled(Array.from({ length: 8 }, () => refreshAs(deps, client, refresh)));
      assert.ok(all.filter(({ status }) => status === "fulfilled").length <= 1);
    });

    test("is of no use with another key or for another client, and that ends nothing", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const { refresh } = await tokensFor(deps, pat, client);
      const thief = { ...client, key: newClient().key };
      assert.equal(await codeOf(refreshAs(deps, thief, refresh)), "invalid-grant");
      assert.equal(
        await codeOf(refreshAs(deps, client, refresh, { client_id: "second-assistant" })),
        "invalid-grant",
      );
      assert.equal(await codeOf(refreshAs(deps, client, "x".repeat(43))), "invalid-grant");
      assert.ok(await refreshAs(deps, client, refresh));
    });

    test("is good only for the resource and the grants that the person signed", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const { refresh } = await tokensFor(deps, pat, client, [0]);
      const elsewhere = refreshAs(deps, client, refresh, { resource: "https://ledger.example" });
      assert.equal(await codeOf(elsewhere), "invalid-target");
      const wider = { authorization_details: JSON.stringify(ALL.slice(0, 3)) };
      assert.equal(await codeOf(refreshAs(deps, client, refresh, wider)), "access-denied");
      assert.equal(await codeOf(refreshAs(deps, client, refresh, { scope: "x" })), "invalid-scope");
      assert.ok(await refreshAs(deps, client, refresh));
    });

    test("ends when the person signs out, is idle for an hour, is suspended, or ends the task", async () => {
      const { deps, ada } = bazaar;
      const ends: [string, (who: Enrolled, task: string) => Promise<unknown>][] = [
        ["signs out", ({ caller }) => endSession(deps, caller)],
        ["is idle", async () => deps.clock.advance(hours(1))],
        ["is suspended", ({ id }) => suspendPerson(deps, ada.caller, { id })],
        ["ends the task", ({ caller }, task) => closeTask(deps, caller, { task })],
      ];
      for (const [index, [what, end]] of ends.entries()) {
        const who = await anotherSession(deps, await someone(`Leaver${index}`));
        const client = newClient();
        const token = await tokensFor(deps, who, client);
        await end(who, claimsIn(token).task ?? "");
        assert.equal(await codeOf(refreshAs(deps, client, token.refresh)), "invalid-grant", what);
      }
    });

    test("ends when the agent is no longer registered with its client", async () => {
      const { deps, ada } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      await interactiveAgent(bazaar, "fleeting", { redirect_uris: [CALLBACK] });
      const client = newClient({ client_id: "fleeting" });
      const { refresh } = await tokensFor(deps, pat, client);
      await updateAgent(deps, ada.caller, { name: "fleeting", update: { client: null } });
      assert.equal(await codeOf(refreshAs(deps, client, refresh)), "invalid-client");
    });
  });

  test("an access token is given back by its own client alone; another's stays, and the answer does not tell", async () => {
    const { deps } = bazaar;
    const pat = await anotherSession(deps, bazaar.pat);
    const [client, other] = [newClient(), newClient({ client_id: "second-assistant" })];
    const [token, others] = [await tokensFor(deps, pat, client), await tokensFor(deps, pat, other)];
    const copy = await run(deps, { agent: "assistant" });
    const enrolled = { ...newClient({ client_id: copy.instance.id }), key: copy.key };
    const copys = await ask(deps, copy, redeemForm(enrolled, await codeOfAnswer(pat, enrolled)));
    const worker = await run(deps, { agent: "assistant" });
    const workers = await exchange(deps, worker, claimsIn(token).chain?.[0]?.edge ?? "", ALL.slice(0, 1));
    const give = (client_id: string, attackerToken: string) =>
      revokeToken(deps, stranger, { form: { token: attackerToken, client_id } });
    const written = async (): Promise<number[]> => {
      const types = ["token.revoked", "revocation.recorded", "request.refused"];
      const found = types.map((type) => findEvents(deps.database, { type, limit: 200 }));
      return (await Promise.all(found)).map(({ length }) => length);
    };
    const before = await written();
    assert.ok(Math.max(...before) < 200, "there is room to see more");
    await give("second-assistant", token.access_token);
    await give("assistant", others.access_token);
    await give("assistant", copys.access_token);
    await give("assistant", workers.access_token);
    await give("assistant", "no token at all");
    await give("assistant", `${token.access_token.slice(0, -4)}AAAA`);
    assert.deepEqual(await written(), before, "nothing has happened, and nothing fills the log");
    assert.equal(await codeOf(give("nobody-at-all", token.access_token)), "invalid-client");
    assert.equal(await codeOf(give(copy.instance.id, copys.access_token)), "invalid-client");
    for (const left of [token, others, copys, workers]) assert.ok(!(await isDead(claimsIn(left))));
    await give("assistant", token.access_token);
    assert.ok(await isDead(claimsIn(token)));
    assert.ok(!(await isDead(claimsIn(others))));
  });

  test("whoever guesses at codes and refresh tokens fills neither the log nor a table", async () => {
    const { deps } = bazaar;
    const written = async (): Promise<number> =>
      (await findEvents(deps.database, { type: "request.refused", limit: 200 })).length;
    const before = await written();
    assert.ok(before < 200, "there is room to see more");
    for (let i = 0; i < 3; i++) {
      const client = newClient();
      assert.equal(await codeOf(redeemAs(deps, client, `guess-${i}`)), "invalid-grant");
      assert.equal(await codeOf(refreshAs(deps, client, `guess-${i}`)), "invalid-grant");
    }
    assert.equal(await written(), before);
  });

  test("an enrolled process of an agent without a client is no client", async () => {
    const { deps, planner } = bazaar;
    const refused = await fault(ask(deps, planner, { grant_type: "authorization_code", code: "x" }));
    assert.equal(refused.code, "invalid-client");
  });
});
