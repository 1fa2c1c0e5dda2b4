import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clientAssertionType } from "@countersign/proof/client-assertion";
import { sha256Base64url } from "@countersign/proof/digest";
import { createDpopProof } from "@countersign/proof/dpop";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import {
  bindAgent,
  type PresetName,
  platformAttest,
  platformDefinition,
  putEnvironmentRule,
  putPlatform,
  removePlatform,
  unbindAgent,
} from "../attestation/index.ts";
import {
  AUDIENCE,
  RULES,
  startPlatforms,
  type TestPlatforms,
} from "../attestation/platforms/test-platforms.ts";
import { findEvents, flushRefusals } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { call, codeOf, fault, quarter, REPORTS } from "../delegation/fixture.ts";
import { closeTask } from "../delegation/index.ts";
import { Fault, minutes, seconds } from "../lib/index.ts";
import { issuer, stranger } from "../login/fixture.ts";
import { endInstance, findInstance, resumeAgent, suspendAgent, updateAgent } from "../registry/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { CALLBACK, codeFor, interactiveAgent, newClient, redeemForm } from "./authorization/fixture.ts";
import { ask, claimsIn, openMarket, requestTo } from "./fixture.ts";
import { issueToken } from "./token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const own = { grant_type: "client_credentials" };
const standing = {
  resource: REPORTS,
  authorization_details: JSON.stringify([call("reports/write", quarter("Q1"))]),
};
const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

forEachEngine((engine) => {
  let room: Opened;
  let platforms: TestPlatforms;
  before(async () => {
    room = await openMarket(engine);
    platforms = await startPlatforms();
    for (const preset of ["kubernetes", "github", "oidc"] as const) {
      await put(preset);
      await bind(preset);
    }
  });
  after(async () => {
    await room.close();
    await platforms.close();
  });

  const put = (preset: PresetName, more: object = {}) => {
    const said = {
      preset,
      issuer: platforms.issuerOf(preset),
      audience: AUDIENCE,
      jwks_uri: platforms.provider.jwksUri,
    };
    const definition = platformDefinition.parse({ ...said, ...more });
    return putPlatform(room.deps, room.ada.caller, { name: preset, definition });
  };
  const bind = (platform: PresetName, agent = "planner", claims: Record<string, string> = RULES[platform]) =>
    bindAgent(room.deps, room.ada.caller, { agent, platform, said: { claims } });

  const proofOf = (token: string, key: KeyObject, more: object = {}) =>
    signCompact({
      header: { typ: "enrol+jwt" },
      payload: {
        aud: issuer,
        token_hash: sha256Base64url(token),
        iat: Math.floor(room.deps.clock.now() / 1000),
        jti: randomUUID(),
        ...more,
      },
      key,
    });

  /** As a workload asks, over the route. */
  const attest = async (
    platform: string,
    token: string,
    key = newKey(),
    more: Record<string, unknown> = {},
  ) => {
    const body = { platform, token, jwk: publicJwkOf(key), proof: proofOf(token, key), ...more };
    const request = requestTo("/attest", {});
    const answer = await platformAttest.handle(room.deps, stranger, {
      params: {},
      query: {},
      body,
      request,
    } as never);
    assert.equal(answer.status, 201);
    return answer.body as { instance: string; agent: string; strength: string; expires: number };
  };
  const reasonOf = async (attempt: Promise<unknown>): Promise<unknown> =>
    (await fault(attempt)).members.reason;
  const instances = async () =>
    (await findEvents(room.deps.database, { type: "instance.enrolled", limit: 200 })).length;
  const clientOf = async (instance: string, key: KeyObject) => {
    const found = await findInstance(room.deps, instance);
    assert.ok(found);
    return { instance: found, key, caller: stranger };
  };

  const eventsOf = async (type: string) =>
    (await findEvents(room.deps.database, { type, limit: 200 })).map(
      ({ body }) =>
        JSON.parse(body) as {
          body: {
            reason?: string;
            count: number;
            details?: { reason?: string };
            subject?: string;
            evidence?: string;
            checks?: { what: string }[];
          };
        },
    );

  const dpop = (key: KeyObject) =>
    createDpopProof({
      key,
      method: "POST",
      url: `${issuer}/oauth/token`,
      now: room.deps.clock.now(),
      jti: randomUUID(),
    });
  const send = (form: Record<string, string>, key: KeyObject | undefined) =>
    issueToken(room.deps, stranger, {
      form,
      request: requestTo("/oauth/token", key === undefined ? {} : { dpop: dpop(key) }),
    });

  describe("a workload without a host", () => {
    test("becomes a running copy by its platform's word, and then proves itself by its own key", async () => {
      const key = newKey();
      const { instance, agent, strength, expires } = await attest(
        "kubernetes",
        await platforms.token("kubernetes"),
        key,
      );
      assert.match(instance, /^spiffe:\/\/[^/]+\/agent\/planner\/platform-[\w-]{43}$/);
      assert.deepEqual([agent, strength], ["planner", "platform-federated"]);
      assert.equal(
        expires,
        room.deps.clock.now() + minutes(15),
        "the token ends sooner, the copy does not have to",
      );
      const claims = claimsIn(await ask(room.deps, await clientOf(instance, key), own));
      assert.deepEqual([claims.sub, claims.strength], [instance, "platform-federated"]);
      assert.equal(claims.cnf.jkt, thumbprint(publicJwkOf(key)));
      assert.equal(claims.rev.filter((each) => /^(platform|workload):/.test(each)).length, 2);
      const body = (await eventsOf("attestation.passed")).at(-1)?.body;
      assert.equal(body?.subject, instance);
      assert.equal(claims.evidence, body?.evidence, "its tokens name the evidence");
      assert.deepEqual(
        body?.checks?.map(({ what }) => what),
        ["token-signature", "platform-rule"],
      );
      assert.ok(!JSON.stringify(body).includes("serviceaccount"), "what was shown is concealed");
    });

    test("cannot be made by a token that was used before, whoever sends it and whatever with", async () => {
      const token = await platforms.token("oidc");
      const key = newKey();
      await attest("oidc", token, key);
      const before = await instances();
      assert.equal(await reasonOf(attest("oidc", token, key)), "replayed");
      assert.equal(await reasonOf(attest("oidc", token)), "replayed");
      assert.equal(
        await reasonOf(send({ grant_type: JWT_BEARER, assertion: token, ...standing }, key)),
        "replayed",
      );
      const sameId = await platforms.token("oidc", {
        team: "another",
        jti: JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti,
      });
      assert.equal(await reasonOf(attest("oidc", sameId)), "replayed", "its id counts, not its bytes");
      const nameless = await platforms.token("oidc", { jti: undefined });
      await attest("oidc", nameless);
      assert.equal(await reasonOf(attest("oidc", nameless)), "replayed");
      assert.equal(await instances(), before + 1);
      await flushRefusals(room.deps);
      const counted = await eventsOf("refusals.counted");
      assert.ok(counted.some(({ body }) => body.reason === "replayed" && body.count >= 3));
    });

    test("of many who send one token at once is made once", async () => {
      const token = await platforms.token("oidc");
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => attest("oidc", token)));
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") assert.ok(outcome.reason instanceof Fault, String(outcome.reason));
    });

    test("must prove the key that it brings, and a proof that fails uses no token up", async () => {
      const [token, key] = [await platforms.token("oidc"), newKey()];
      const wrong = [
        proofOf(token, newKey()),
        proofOf(await platforms.token("oidc"), key),
        proofOf(token, key, { aud: "https://evil.example" }),
        "",
      ];
      for (const proof of wrong)
        assert.equal(await reasonOf(attest("oidc", token, key, { proof })), "bad-proof");
      await attest("oidc", token, key);
    });

    test("that its platform tells from others is the same copy with another key, and the old key is nobody's", async () => {
      const pod = (uid: string) => {
        const serviceaccount = { name: "planner", uid: RULES.kubernetes["serviceaccount.uid"] };
        const said = { namespace: "prod", pod: { name: "p", uid }, serviceaccount };
        return platforms.token("kubernetes", { "kubernetes.io": said });
      };
      const [first, second] = [newKey(), newKey()];
      const one = await attest("kubernetes", await pod("aaaa"), first);
      const old = await clientOf(one.instance, first);
      const again = await attest("kubernetes", await pod("aaaa"), second);
      assert.equal(again.instance, one.instance);
      assert.notEqual((await attest("kubernetes", await pod("bbbb"))).instance, one.instance);
      assert.equal(await codeOf(ask(room.deps, old, own)), "invalid-client");
      await ask(room.deps, await clientOf(one.instance, second), own);
      await endInstance(room.deps, room.ada.caller, { id: one.instance });
      assert.equal(
        await codeOf(attest("kubernetes", await pod("aaaa"))),
        "gone",
        "ended is ended, whatever key it brings",
      );
    });

    test("is refused with the reason, which stands in the log by itself once the platform has signed it", async () => {
      const before = await instances();
      const wrong: [Record<string, unknown>, string][] = [
        [{ repository_id: "75" }, "no-rule"],
        [{ event_name: "pull_request_target" }, "event-not-named"],
        [{ repository_owner_id: undefined }, "claims-missing"],
      ];
      for (const [claims, reason] of wrong) {
        const token = await platforms.token("github", claims);
        assert.equal(await reasonOf(attest("github", token)), reason);
        const refusals = await eventsOf("request.refused");
        assert.equal(refusals.filter(({ body }) => body.details?.reason === reason).length, 1);
        assert.equal(await reasonOf(attest("github", token)), "replayed", "it was used up");
      }
      assert.equal(await reasonOf(attest("unknown", await platforms.token("oidc"))), "not-configured");
      assert.equal(await instances(), before);
    });

    test("proves itself anew, under its own name, when its agent must; its key alone proves nothing then", async () => {
      const { deps, ada } = room;
      const key = newKey();
      const { instance } = await attest("github", await platforms.token("github", { run_id: "1" }), key);
      const client = await clientOf(instance, key);
      const { rev } = claimsIn(await ask(deps, client, own));
      const before = await platforms.token("github", { run_id: "1" });
      deps.clock.advance(seconds(1));
      await updateAgent(deps, ada.caller, { name: "planner", update: { version: "2.0" } });
      assert.ok((await deadAmong(deps, rev)).length > 0);
      assert.equal(await codeOf(ask(deps, client, own)), "invalid-client");
      assert.equal(await reasonOf(attest("github", before, key)), "evidence-too-old");
      deps.clock.advance(seconds(1));
      const iat = deps.clock.now() / 1000;
      const other = await platforms.token("oidc", { iat, nbf: iat, exp: iat + 300 });
      await attest("oidc", other);
      assert.equal(
        await codeOf(ask(deps, client, own)),
        "invalid-client",
        "another copy's proof is not its own",
      );
      const fresh = await platforms.token("github", { run_id: "1", iat, nbf: iat, exp: iat + 300 });
      assert.equal((await attest("github", fresh, key)).instance, instance);
      await ask(deps, client, own);
    });

    test("lets nothing exist that outlives its platform's word as it was taken", async () => {
      const key = newKey();
      const { instance } = await attest("oidc", await platforms.token("oidc"), key);
      const { access_token } = await ask(room.deps, await clientOf(instance, key), own);
      const request = { key, method: "GET", url: `${issuer}/tasks`, now: room.deps.clock.now() };
      const proof = createDpopProof({ ...request, accessToken: access_token, jti: randomUUID() });
      const headers = { authorization: `DPoP ${access_token}`, dpop: proof };
      const caller = await authenticateToken(room.deps, requestTo("/tasks", headers, "GET"));
      const { rev, exp } = claimsIn({ access_token });
      assert.deepEqual([...new Set(caller.credential?.keys)].sort(), [...rev].sort(), "nothing that goes on");
      assert.equal(caller.credential?.expires, exp * 1000);
      const { rests = [] } = caller;
      assert.deepEqual(rests.map((each) => each.split(":")[0]).sort(), ["kid", "platform", "workload"]);
      await put("oidc", { longest: 301 });
      assert.deepEqual(
        (await deadAmong(room.deps, rests)).map((each) => each.split(":")[0]),
        ["platform"],
      );
      await put("oidc");
      await bind("oidc");
    });

    test("has no access while its agent has none", async () => {
      await suspendAgent(room.deps, room.ada.caller, { name: "planner" });
      assert.equal(await codeOf(attest("oidc", await platforms.token("oidc"))), "forbidden");
      await resumeAgent(room.deps, room.ada.caller, { name: "planner" });
      await attest("oidc", await platforms.token("oidc"));
    });
  });

  describe("a platform's token at the token endpoint", () => {
    test("is the grant itself: what the agent may on its own, bound to the key of the request", async () => {
      const key = newKey();
      const assertion = await platforms.token("github");
      const claims = claimsIn(await send({ grant_type: JWT_BEARER, assertion, ...standing }, key));
      assert.deepEqual(
        [claims.agent, claims.aud, claims.strength],
        ["planner", REPORTS, "platform-federated"],
      );
      assert.equal(claims.cnf.jkt, thumbprint(publicJwkOf(key)));
      assert.equal(claims.act, undefined);
      const beyond = {
        resource: REPORTS,
        authorization_details: JSON.stringify([call("reports/delete", { open_args: true })]),
      };
      const more = await platforms.token("github");
      assert.equal(
        await codeOf(send({ grant_type: JWT_BEARER, assertion: more, ...beyond }, key)),
        "access-denied",
      );
    });

    test("is a client's assertion as well, for whatever the client asks", async () => {
      const assertion = {
        client_assertion_type: clientAssertionType,
        client_assertion: await platforms.token("github"),
      };
      const key = newKey();
      const claims = claimsIn(await send({ ...own, ...assertion }, key));
      assert.equal(claims.agent, "planner");
      await ask(room.deps, await clientOf(claims.client_id, key), own);
    });

    test("is worth nothing without a proof of a key, and is not used up then", async () => {
      const assertion = await platforms.token("github");
      const form = { grant_type: JWT_BEARER, assertion, ...standing };
      assert.equal(await codeOf(send(form, undefined)), "invalid-dpop-proof");
      await send(form, newKey());
    });

    test("is refused in this endpoint's words, with the reason", async () => {
      const bad = await platforms.token("github", { aud: "sts.amazonaws.com" });
      const asGrant = await fault(send({ grant_type: JWT_BEARER, assertion: bad, ...standing }, newKey()));
      assert.deepEqual([asGrant.code, asGrant.members.reason], ["invalid-grant", "audience-of-another"]);
      const client = { client_assertion_type: clientAssertionType, client_assertion: bad };
      const asClient = await fault(send({ ...own, ...client }, newKey()));
      assert.deepEqual([asClient.code, asClient.members.reason], ["invalid-client", "audience-of-another"]);
      const foreign = await platforms.token("github", { iss: "https://nobody.example" });
      assert.equal(
        await codeOf(send({ grant_type: JWT_BEARER, assertion: foreign }, newKey())),
        "invalid-client",
      );
    });
  });

  describe("what an administrator says of platforms", () => {
    const living = async (preset: PresetName) => {
      const key = newKey();
      const { instance } = await attest(preset, await platforms.token(preset), key);
      const client = await clientOf(instance, key);
      const { rev } = claimsIn(await ask(room.deps, client, own));
      return { client, dead: async () => (await deadAmong(room.deps, rev)).length > 0 };
    };

    test("ends, where it changes, all that rested on it, and copies prove themselves anew", async () => {
      const { client, dead } = await living("oidc");
      await put("oidc");
      assert.equal(await dead(), false, "the same again changes nothing");
      await put("oidc", { longest: 600 });
      assert.equal(await dead(), true);
      assert.equal(await codeOf(ask(room.deps, client, own)), "gone");
      await (await living("oidc")).dead();
    });

    test("of an agent's rule ends what rested on that, and nothing else", async () => {
      const [planner, github] = [await living("oidc"), await living("github")];
      await bind("oidc");
      assert.equal(await planner.dead(), false);
      await bind("oidc", "planner", { ...RULES.oidc, team: "planning" });
      assert.equal(await planner.dead(), true);
      const again = await living("oidc");
      await unbindAgent(room.deps, room.ada.caller, { agent: "planner", platform: "oidc" });
      assert.deepEqual([await again.dead(), await github.dead()], [true, false]);
      assert.equal(await reasonOf(attest("oidc", await platforms.token("oidc"))), "no-rule");
      await bind("oidc");
    });

    test("is that names alone say nothing: another can come to have them", async () => {
      const names: [PresetName, Record<string, string>][] = [
        ["kubernetes", { namespace: "prod", serviceaccount: "planner" }],
        ["github", { repository: "acme/planner", repository_owner: "acme" }],
        ["github", { repository_id: "74" }],
        ["github", { sub: "repo:acme/planner:ref:refs/heads/main" }],
        ["oidc", { team: "planning" }],
        ["oidc", {}],
      ];
      for (const [preset, claims] of names) {
        const refused = await fault(bind(preset, "writer", claims));
        assert.equal(refused.code, "invalid", JSON.stringify(claims));
        assert.ok(Array.isArray(refused.members.pins));
      }
      assert.match((await fault(bind("github", "writer", { made_up: "1" }))).message, /made_up/);
      const owner = { ...room.pat.caller, roles: [] };
      const said = { agent: "planner", platform: "oidc", said: { claims: RULES.oidc } };
      assert.equal(await codeOf(bindAgent(room.deps, owner, said)), "forbidden");
    });

    test("is who is meant where two agents share what a platform says of them", async () => {
      await bind("oidc", "writer");
      const token = await platforms.token("oidc");
      assert.equal(await reasonOf(attest("oidc", token)), "several-agents");
      assert.equal(
        (await attest("oidc", await platforms.token("oidc"), newKey(), { agent: "writer" })).agent,
        "writer",
      );
      await unbindAgent(room.deps, room.ada.caller, { agent: "writer", platform: "oidc" });
    });

    test("keeps what a cluster is asked with sealed, and shows it to nobody", async () => {
      const review = { url: "https://localhost:1", token: "a-secret-of-the-cluster" };
      const { definition } = await put("kubernetes", { review });
      assert.ok(!JSON.stringify(definition).includes(review.token));
      const rows = await room.deps.database
        .tables<{ platform: object }>()
        .selectFrom("platform")
        .selectAll()
        .execute();
      const events = await findEvents(room.deps.database, { limit: 200 });
      assert.ok(!JSON.stringify([rows, events]).includes(review.token));
      assert.ok(!Buffer.from(JSON.stringify(rows)).includes(Buffer.from(review.token).toString("base64")));
      await put("kubernetes");
    });

    test("counts for no agent of whom something is demanded that no platform says", async () => {
      const rule = (image: boolean) =>
        putEnvironmentRule(room.deps, room.ada.caller, {
          environment: "production",
          rule: { image, model: false },
        });
      await rule(true);
      const refused = await fault(attest("oidc", await platforms.token("oidc")));
      assert.deepEqual([refused.code, refused.members.reason], ["forbidden", "image-required"]);
      await rule(false);
      assert.equal((await attest("oidc", await platforms.token("oidc"))).agent, "planner");
    });

    test("and takes back, ends what a person gave to a copy by a code, and refreshes nothing", async () => {
      const { deps, pat } = room;
      await interactiveAgent(room, "assistant", { redirect_uris: [CALLBACK] } as never);
      await put("gitlab");
      await bind("gitlab", "assistant");
      const key = newKey();
      const { instance } = await attest("gitlab", await platforms.token("gitlab"), key);
      const copy = await clientOf(instance, key);
      const client = { ...newClient({ client_id: instance }), key };
      const code = async () => (await codeFor(deps, pat, client)).get("code") ?? "";
      const token = await ask(deps, copy, redeemForm(client, await code()));
      const unused = await code();
      await removePlatform(deps, room.ada.caller, { name: "gitlab" });
      assert.ok((await deadAmong(deps, claimsIn(token).rev)).some((each) => each.startsWith("platform:")));
      const refresh = { grant_type: "refresh_token", refresh_token: token.refresh_token ?? "" };
      assert.equal(await codeOf(ask(deps, copy, refresh)), "gone");
      await closeTask(deps, pat.caller, { task: claimsIn(token).task ?? "" });
      assert.equal(await codeOf(ask(deps, copy, redeemForm(client, unused))), "gone");
    });

    test("and takes back, ends everything; the same name begins with no rules", async () => {
      const { dead } = await living("github");
      await removePlatform(room.deps, room.ada.caller, { name: "github" });
      assert.equal(await dead(), true);
      assert.equal(await reasonOf(attest("github", await platforms.token("github"))), "not-configured");
      await put("github");
      assert.equal(await reasonOf(attest("github", await platforms.token("github"))), "no-rule");
      const other = putPlatform(room.deps, room.ada.caller, {
        name: "other",
        definition: platformDefinition.parse({ preset: "github", issuer: platforms.issuerOf("github") }),
      });
      assert.equal(await codeOf(other), "exists");
      const self = platformDefinition.parse({ preset: "oidc", issuer });
      assert.equal(
        await codeOf(putPlatform(room.deps, room.ada.caller, { name: "self", definition: self })),
        "invalid",
      );
      const made = platformDefinition.parse({ preset: "oidc", issuer: "https://somewhere.example" });
      const { definition } = await putPlatform(room.deps, room.ada.caller, {
        name: "made",
        definition: made,
      });
      assert.match(definition.audience, new RegExp(`^${issuer}/attest/[\\w-]{43}$`));
    });
  });
});
