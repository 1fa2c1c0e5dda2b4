import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { answer } from "../../approvals/fixture.ts";
import { endHost } from "../../attestation/index.ts";
import { findEvents } from "../../audit/index.ts";
import { forEachEngine } from "../../audit/test-databases.ts";
import { call, codeOf, fault, quarter, quarters, REPORTS, run } from "../../delegation/fixture.ts";
import { closeTask } from "../../delegation/index.ts";
import { type PeerKey, peerKeyIn } from "../../http/index.ts";
import { minutes } from "../../lib/index.ts";
import { issuer, stranger } from "../../login/fixture.ts";
import { deadAmong } from "../../revocation/index.ts";
import { issueJwtSvid, issueX509Svid } from "../../spiffe/index.ts";
import { JWT_SVID_TYPE } from "../clients/jwt-svid.ts";
import { ask, claimsIn, requestTo } from "../fixture.ts";
import type { TokenResponse } from "../mint.ts";
import { revokeToken } from "../revoke-token.ts";
import { authorizationById } from "../store-authorizations.ts";
import { runWithin } from "../test-copies.ts";
import { issueToken } from "../token.ts";
import {
  anotherSession,
  type Bazaar,
  begin,
  codeFor,
  documentOf,
  newClient,
  openBazaar,
  proofBy,
  redeemAs,
  redeemForm,
  refreshAs,
  tokensFor,
} from "./fixture.ts";
import { forgetPastAuthorizations } from "./forget.ts";

forEachEngine((engine) => {
  describe("the authorization code", () => {
    let bazaar: Bazaar;
    before(async () => {
      bazaar = await openBazaar(engine);
    });
    after(() => bazaar.close());

    const identifiersIn = ({ authorization_details = [] }: Pick<TokenResponse, "authorization_details">) =>
      authorization_details.map(({ identifier }) => identifier);
    /** A process of ours that asks a person for more than it has itself. */
    const enrolledClient = async (more: Record<string, string> = {}) => {
      const copy = await run(bazaar.deps, { agent: "assistant" });
      return { copy, client: { ...newClient({ client_id: copy.instance.id, ...more }), key: copy.key } };
    };

    test("gives a token for what the person has, the agent may have and the client asked", async () => {
      const { deps, pat } = bazaar;
      const asked = [call("reports/read", { open_args: true }), call("reports/write", quarter("Q1"))];
      const client = newClient({ authorization_details: JSON.stringify(asked) });
      const { offer, ownerName } = await begin(deps, pat, client);
      assert.equal(ownerName, "Ada Admin");
      assert.deepEqual(offer.grants, [call("reports/read", { open_args: true })]);
      const [read, write] = offer.tools;
      assert.deepEqual(read?.given, [0]);
      assert.deepEqual([write?.yours.length, write?.agents.length, write?.given], [1, 0, []]);
      const answer = await codeFor(deps, pat, client);
      assert.equal(answer.get("state"), "the client's own");
      assert.equal(answer.get("iss"), issuer);
      const token = await redeemAs(deps, client, answer.get("code") ?? "");
      const claims = claimsIn(token);
      assert.equal(claims.sub, pat.id);
      assert.equal(claims.aud, REPORTS);
      assert.equal(claims.agent, "assistant");
      assert.equal(claims.strength, "bearer");
      assert.equal(claims.acr, "urn:countersign:acr:passkey");
      assert.equal(claims.auth_time, Math.floor(deps.clock.now() / 1000));
      assert.deepEqual(claims.cnf, { jkt: client.jkt });
      assert.deepEqual(claims.authorization_details, [call("reports/read", { open_args: true })]);
      assert.equal(token.token_type, "DPoP");
    });

    test("a refresh token makes the next token, and the next refresh token", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const first = await tokensFor(deps, pat, client);
      const second = await refreshAs(deps, client, first.refresh);
      assert.notEqual(second.refresh_token, first.refresh);
      assert.equal(claimsIn(second).task, claimsIn(first).task);
      const third = await refreshAs(deps, client, second.refresh_token ?? "");
      assert.equal(claimsIn(third).sub, pat.id);
    });

    test("gives what she leaves: what she takes away is in no token, and neither is what nobody asked for", async () => {
      const { deps, pat } = bazaar;
      const client = newClient();
      const { offer } = await begin(deps, pat, client);
      assert.deepEqual(
        offer.grants.map(({ identifier }) => identifier),
        ["reports/read", "reports/publish"],
      );
      const token = await tokensFor(deps, pat, client, [0]);
      assert.deepEqual(identifiersIn(token), ["reports/read"]);
    });

    test("narrows what is asked to what she has, argument by argument", async () => {
      const { deps, pat } = bazaar;
      const wide = call("reports/publish", { open_args: true });
      const client = newClient({ authorization_details: JSON.stringify([wide]) });
      const { offer } = await begin(deps, pat, client);
      assert.deepEqual(offer.grants, [call("reports/publish", quarters("Q1", "Q2", "Q3"))]);
    });

    test("gives a public client nothing that policy asks a proven key for", async () => {
      const { deps } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const client = newClient();
      const { refresh, ...first } = await tokensFor(deps, pat, client);
      assert.deepEqual(identifiersIn(first), ["reports/read"]);
      const exact = { authorization_details: JSON.stringify([call("reports/publish", quarter("Q1"))]) };
      assert.equal(await codeOf(refreshAs(deps, client, refresh, exact)), "access-denied");
    });

    test("leaves out what a person must approve first; named and pinned, it is asked for, and the refresh token waits", async () => {
      const { deps, mia } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const { copy, client } = await enrolledClient();
      const code = (await codeFor(deps, pat, client)).get("code") ?? "";
      const first = await ask(deps, copy, redeemForm(client, code));
      assert.deepEqual(identifiersIn(first), ["reports/read"]);
      const form = {
        grant_type: "refresh_token",
        refresh_token: first.refresh_token ?? "",
        authorization_details: JSON.stringify([call("reports/publish", quarter("Q1"))]),
      };
      const asked = await fault(ask(deps, copy, form));
      assert.equal(asked.code, "authorization-pending");
      await answer(deps, mia, String(asked.members.approval));
      const approved = await ask(deps, copy, form);
      assert.equal(claimsIn(approved).approval, asked.members.approval);
      assert.ok(
        await ask(deps, copy, { grant_type: "refresh_token", refresh_token: approved.refresh_token ?? "" }),
      );
    });

    test("whose every grant needs an approval waits for it, for the client and key that presented the code", async () => {
      const { deps, mia } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const exact = JSON.stringify([call("reports/publish", quarter("Q2"))]);
      const { copy, client } = await enrolledClient({ authorization_details: exact });
      const code = (await codeFor(deps, pat, client)).get("code") ?? "";
      const asked = await fault(ask(deps, copy, redeemForm(client, code)));
      assert.equal(asked.code, "authorization-pending");
      deps.clock.advance(minutes(5));
      assert.equal(await codeOf(ask(deps, copy, redeemForm(client, code))), "authorization-pending");
      await answer(deps, mia, String(asked.members.approval));
      const token = await ask(deps, copy, redeemForm(client, code));
      assert.deepEqual(claimsIn(token).authorization_details, [
        { ...call("reports/publish", quarter("Q2")), max_uses: 1 },
      ]);
      assert.equal(await codeOf(ask(deps, copy, redeemForm(client, code))), "invalid-grant");
    });

    test("a client with keys in its document must use them, and its copies are worth an enrolled key", async () => {
      const { deps, site } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const client_id = site.url("/client.json");
      const jwks = { keys: [{ ...publicJwkOf(key), kid: "k1" }] };
      site.pages.set("/client.json", { body: documentOf(client_id, { jwks_uri: site.url("/jwks") }) });
      site.pages.set("/jwks", { body: JSON.stringify(jwks) });
      const client = newClient({ client_id, redirect_uri: "https://documented.example/cb" });
      const code = (await codeFor(deps, pat, client)).get("code") ?? "";
      assert.equal(await codeOf(redeemAs(deps, client, code)), "invalid-client");
      const now = deps.clock.now();
      const by = (signer: KeyObject, jti: string) => ({
        client_assertion_type: clientAssertionType,
        client_assertion: createClientAssertion({
          clientId: client_id,
          issuer,
          key: signer,
          now,
          jti,
          kid: "k1",
        }),
      });
      assert.equal(await codeOf(redeemAs(deps, client, code, by(client.key, "j1"))), "invalid-client");
      const token = await redeemAs(deps, client, code, by(key, "j2"));
      assert.equal(claimsIn(token).strength, "enrolled-key");
      const refresh = token.refresh_token ?? "";
      assert.equal(await codeOf(refreshAs(deps, client, refresh)), "invalid-client");
      assert.equal(
        await codeOf(refreshAs(deps, client, refresh, by(key, "j2"))),
        "invalid-client",
        "used before",
      );
      assert.ok(await refreshAs(deps, client, refresh, by(key, "j3")));
      const give = (proof: Record<string, string>) =>
        revokeToken(deps, stranger, { form: { token: token.access_token, client_id, ...proof } });
      const { rev } = claimsIn(token);
      for (const proof of [{}, by(client.key, "j4"), by(key, "j3")])
        assert.equal(await codeOf(give(proof)), "invalid-client");
      assert.deepEqual(await deadAmong(deps, rev), []);
      await give(by(key, "j5"));
      assert.equal((await deadAmong(deps, rev)).length, 1);
    });

    test("an enrolled copy asks as itself, with its assertion and its own key", async () => {
      const { deps } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const { copy, client } = await enrolledClient();
      const code = (await codeFor(deps, pat, client)).get("code") ?? "";
      assert.equal(await codeOf(redeemAs(deps, client, code)), "invalid-client");
      const token = await ask(deps, copy, redeemForm(client, code));
      assert.equal(claimsIn(token).instance, copy.instance.id);
      assert.equal(claimsIn(token).sub, pat.id);
    });

    test("a copy's token dies with the machine whose word it rests on, and no code or refresh token makes another", async () => {
      const { deps, ada } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const copy = await runWithin(deps, ada, { agent: "assistant", machine: "laptop" });
      const client = { ...newClient({ client_id: copy.instance.id }), key: copy.key };
      const code = async () => (await codeFor(deps, pat, client)).get("code") ?? "";
      const token = await ask(deps, copy, redeemForm(client, await code()));
      const { rev } = claimsIn(token);
      for (const key of [`host:${copy.host.id}`, `instance:${copy.voucher}`])
        assert.ok(rev.includes(key), key);
      const unused = await code();
      await endHost(deps, ada.caller, { name: copy.host.name });
      assert.ok((await deadAmong(deps, rev)).length > 0);
      const refresh = { grant_type: "refresh_token", refresh_token: token.refresh_token ?? "" };
      assert.equal(await codeOf(ask(deps, copy, refresh)), "gone");
      await closeTask(deps, pat.caller, { task: claimsIn(token).task ?? "" });
      assert.equal(await codeOf(ask(deps, copy, redeemForm(client, unused))), "gone");
    });

    test("a copy that has an SVID proves itself by that here as well, and by nobody else's", async () => {
      const { deps } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const { copy, client } = await enrolledClient();
      const other = await enrolledClient();
      const id = copy.instance.id;
      const expires = deps.clock.now() + minutes(5);
      const svidOf = async (of: string) =>
        (await issueJwtSvid(deps, { id: of, audience: [issuer], expires })).svid;
      const { key } = newClient();
      const send = (form: Record<string, string>, by = key, peer?: PeerKey) =>
        issueToken(deps, stranger, {
          form,
          request: { ...requestTo("/oauth/token", { dpop: proofBy(deps, by) }), peer },
        });
      const withJwt = async (form: Record<string, string>, { by = key, svid = svidOf(id) } = {}) =>
        send({ ...form, client_assertion_type: JWT_SVID_TYPE, client_assertion: await svid }, by);
      const code = async () => (await codeFor(deps, pat, client)).get("code") ?? "";

      const used = svidOf(id);
      const first = await withJwt(redeemForm(client, await code()), { svid: used });
      const { cnf, client_id, rev, strength } = claimsIn(first);
      const jkt = thumbprint(publicJwkOf(key));
      assert.deepEqual([client_id, strength, cnf], [id, copy.instance.strength, { jkt }]);
      assert.ok(rev.includes(`kid:${deps.keys.authority("jwt-svid").kid}`), "dies with what signed the SVID");
      const refresh = { grant_type: "refresh_token", refresh_token: first.refresh_token ?? "" };
      assert.equal(await codeOf(withJwt(refresh, { svid: used })), "invalid-client", "it counts once");
      assert.equal(await codeOf(withJwt(refresh, { by: client.key })), "invalid-grant", "another key");
      const others = svidOf(other.copy.instance.id);
      assert.equal(await codeOf(withJwt(refresh, { svid: others })), "invalid-grant");
      assert.equal(await codeOf(send({ ...refresh, client_id: id })), "invalid-client");
      assert.equal(claimsIn(await withJwt(refresh)).sub, pat.id);

      await closeTask(deps, pat.caller, { task: claimsIn(first).task ?? "" });
      const spki = createPublicKey(key).export({ type: "spki", format: "der" });
      const { chain } = await issueX509Svid(deps, { id, spki, expires });
      const peer = peerKeyIn(chain);
      const byCertificate = { ...redeemForm(client, await code()), client_id: id };
      assert.equal(
        await codeOf(send({ ...byCertificate, client_id: other.copy.instance.id }, key, peer)),
        "invalid-client",
      );
      assert.deepEqual(claimsIn(await send(byCertificate, key, peer)).cnf, { jkt });
    });

    test("a refresh token that its client gives back ends what followed; another client's changes nothing", async () => {
      const { deps } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const client = newClient();
      const token = await tokensFor(deps, pat, client);
      const { rev } = claimsIn(token);
      const give = (client_id: string) =>
        revokeToken(deps, stranger, { form: { token: token.refresh, client_id } });
      assert.equal(await codeOf(give("nobody-at-all")), "invalid-client");
      assert.deepEqual(await deadAmong(deps, rev), []);
      await give("assistant");
      assert.equal((await deadAmong(deps, rev)).length, 1);
      assert.equal(await codeOf(refreshAs(deps, client, token.refresh)), "invalid-grant");
    });

    test("a public client gives an access token back: that one is dead, and its refresh token makes the next", async () => {
      const { deps } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const client = newClient();
      const { access_token: token, refresh, ...first } = await tokensFor(deps, pat, client);
      await revokeToken(deps, stranger, { form: { token, client_id: "assistant" } });
      const { jti, rev } = claimsIn({ ...first, access_token: token });
      assert.deepEqual(await deadAmong(deps, rev), [`jti:${jti}`]);
      const told = () => findEvents(deps.database, { type: "token.revoked", limit: 200 });
      const before = await told();
      await revokeToken(deps, stranger, { form: { token, client_id: "assistant" } });
      assert.equal((await told()).length, before.length, "told once");
      assert.ok(await refreshAs(deps, client, refresh));
    });

    test("what nothing can follow from any more is forgotten, and nothing else", async () => {
      const { deps } = bazaar;
      const pat = await anotherSession(deps, bazaar.pat);
      const client = newClient();
      const { refresh } = await tokensFor(deps, pat, client);
      const begun = await begin(deps, pat, newClient());
      await forgetPastAuthorizations(deps);
      const next = await refreshAs(deps, client, refresh);
      deps.clock.advance(minutes(15));
      await forgetPastAuthorizations(deps);
      assert.equal(await authorizationById(deps.database, begun.authorization.id), undefined);
      assert.ok(await refreshAs(deps, client, next.refresh_token ?? ""));
    });
  });
});
