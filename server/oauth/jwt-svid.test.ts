import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { putRequirement } from "../attestation/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, fault } from "../delegation/fixture.ts";
import { issuer, stranger } from "../login/fixture.ts";
import {
  endInstance,
  findAgent,
  findInstance,
  registerAgent,
  resumeAgent,
  suspendAgent,
  updateAgent,
} from "../registry/index.ts";
import { removeWorkload } from "../spiffe/index.ts";
import { JWT_SVID_TYPE } from "./clients/jwt-svid.ts";
import { ask, claimsIn, requestTo } from "./fixture.ts";
import { revokeToken } from "./revoke-token.ts";
import { newKey, OURS, openTrusting, own, SAME_WORDS, type Trusting } from "./svid-fixture.ts";

const THEIRS = "spiffe://partner.example/ns/prod/sa/planner";

forEachEngine((engine) => {
  let room: Trusting;
  before(async () => {
    room = await openTrusting(engine);
  });
  after(() => room.close());

  describe("a JWT-SVID", () => {
    test("makes a running copy under its own SPIFFE ID, with the key of the DPoP proof, and a token bound to it", async () => {
      const key = newKey();
      const answered = await room.withJwt(room.svidOf(OURS), room.dpopBy(key));
      const claims = claimsIn(answered);
      const jkt = thumbprint(publicJwkOf(key));
      assert.equal(answered.token_type, "DPoP");
      assert.deepEqual(
        [claims.sub, claims.client_id, claims.cnf.jkt, claims.strength, claims.agent],
        [OURS, OURS, jkt, "attested-svid", "planner"],
      );
      const instance = await findInstance(room.deps, OURS);
      assert.deepEqual(
        [instance?.principal, instance?.thumbprint, instance?.strength],
        ["planner", jkt, "attested-svid"],
      );
      const [enrolled] = (await room.eventsOf("instance.enrolled")).filter(
        ({ body }) => body.instance === OURS,
      );
      assert.equal(enrolled.body.evidence, `jwt-svid ${OURS}`);
    });

    test("gives a token that ends with it", async () => {
      const exp = Math.floor(room.deps.clock.now() / 1000) + 30;
      const answered = await room.withJwt(
        room.svidOf("spiffe://acme.example/agent/planner/short", { exp }),
        room.dpopBy(newKey()),
      );
      assert.equal(claimsIn(answered).exp, exp);
    });

    test("is worth nothing without a DPoP proof, here and at revocation", async () => {
      assert.equal(await codeOf(room.withJwt(room.svidOf(OURS), undefined)), "invalid-dpop-proof");
      const form = { token: "x", client_assertion_type: JWT_SVID_TYPE, client_assertion: room.svidOf(OURS) };
      const revoke = revokeToken(room.deps, stranger, { form, request: requestTo("/oauth/revoke", {}) });
      assert.equal(await codeOf(revoke), "invalid-dpop-proof");
      assert.equal(await codeOf(revokeToken(room.deps, stranger, { form })), "invalid-client");
    });

    test("can be sent again with another proof, and no proof twice", async () => {
      const [key, svid] = [newKey(), room.svidOf("spiffe://acme.example/agent/planner/again")];
      const proof = room.dpopBy(key);
      await room.withJwt(svid, proof);
      assert.equal(await codeOf(room.withJwt(svid, proof)), "invalid-dpop-proof");
      await room.withJwt(svid, room.dpopBy(key));
    });

    test("may come with another key next time: what the old one holds goes on, and the record says so", async () => {
      const id = "spiffe://acme.example/agent/planner/rotates";
      const [first, second] = [newKey(), newKey()];
      const before = await room.withJwt(room.svidOf(id), room.dpopBy(first));
      await room.withJwt(room.svidOf(id), room.dpopBy(second));
      assert.equal((await findInstance(room.deps, id))?.thumbprint, thumbprint(publicJwkOf(second)));
      const [renewed] = (await room.eventsOf("instance.renewed")).filter(({ body }) => body.instance === id);
      assert.equal(renewed.body.thumbprint, thumbprint(publicJwkOf(second)));
      const token = before.access_token;
      const proof = room.dpopToUs(first, token);
      assert.equal((await room.callsUs(`DPoP ${token}`, { dpop: proof })).instance, id);
    });

    test("that is sent again with the very proof that came with it changes nothing", async () => {
      const id = "spiffe://acme.example/agent/planner/replayed";
      const [svid, proof, second] = [room.svidOf(id), room.dpopBy(newKey()), newKey()];
      await room.withJwt(svid, proof);
      await room.withJwt(svid, room.dpopBy(second));
      assert.equal(await codeOf(room.withJwt(svid, proof)), "invalid-dpop-proof");
      assert.equal((await findInstance(room.deps, id))?.thumbprint, thumbprint(publicJwkOf(second)));
    });

    test("of an instance that was ended is refused for good, whatever key it brings", async () => {
      const id = "spiffe://acme.example/agent/planner/ended";
      await room.withJwt(room.svidOf(id), room.dpopBy(newKey()));
      await endInstance(room.deps, room.ada.caller, { id });
      const refusal = await fault(room.withJwt(room.svidOf(id), room.dpopBy(newKey())));
      assert.deepEqual([refusal.code, refusal.message], ["invalid-client", SAME_WORDS]);
    });

    test("whose holder's key was revoked is refused with that key", async () => {
      const [one, two, key] = ["a", "b", newKey()] as const;
      const id = (name: string) => `spiffe://acme.example/agent/planner/dead-${name}`;
      await room.withJwt(room.svidOf(id(one)), room.dpopBy(key));
      await endInstance(room.deps, room.ada.caller, { id: id(one) });
      assert.equal(await codeOf(room.withJwt(room.svidOf(id(two)), room.dpopBy(key))), "invalid-client");
    });

    test("brings no key that is another's: one that has enrolled, or another workload's", async () => {
      const { planner } = room;
      const id = "spiffe://acme.example/agent/writer/thief";
      assert.equal(await codeOf(room.withJwt(room.svidOf(id), room.dpopBy(planner.key))), "invalid-client");
      const key = newKey();
      await room.withJwt(room.svidOf("spiffe://acme.example/agent/planner/holder"), room.dpopBy(key));
      assert.equal(await codeOf(room.withJwt(room.svidOf(id), room.dpopBy(key))), "invalid-client");
      await room.withJwt(room.svidOf(id), room.dpopBy(newKey()));
      assert.equal(await codeOf(room.withJwt(room.svidOf(id), room.dpopBy(key))), "invalid-client");
    });

    test("does not take over a process that has enrolled with its own key", async () => {
      const { instance } = room.planner;
      assert.equal(
        await codeOf(room.withJwt(room.svidOf(instance.id), room.dpopBy(newKey()))),
        "invalid-client",
      );
      assert.equal((await findInstance(room.deps, instance.id))?.thumbprint, instance.thumbprint);
    });

    test("activates an agent that was registered; a suspended one gets nothing, and that is on record", async () => {
      const { deps, ada } = room;
      await registerAgent(deps, ada.caller, {
        name: "newcomer",
        class: "reporting",
        purpose: "is new",
        environment: "production",
        owner: ada.id,
        grants: [],
      });
      const id = "spiffe://acme.example/agent/newcomer/1";
      await room.withJwt(room.svidOf(id), room.dpopBy(newKey()));
      assert.equal((await findAgent(deps, "newcomer"))?.status, "active");
      await suspendAgent(deps, ada.caller, { name: "newcomer" });
      const before = await findInstance(deps, id);
      assert.equal(await codeOf(room.withJwt(room.svidOf(id), room.dpopBy(newKey()))), "forbidden");
      assert.deepEqual(await findInstance(deps, id), before);
      assert.equal(await codeOf(room.withJwt(room.svidOf(`${id}2`), room.dpopBy(newKey()))), "forbidden");
      assert.equal(await findInstance(deps, `${id}2`), undefined);
      const refused = (await room.eventsOf("request.refused")).filter(({ actor }) =>
        actor.instance?.startsWith(id),
      );
      assert.deepEqual([...new Set(refused.map(({ body }) => body.code))], ["forbidden"]);
      await resumeAgent(deps, ada.caller, { name: "newcomer" });
      await room.withJwt(room.svidOf(id), room.dpopBy(newKey()));
    });

    test("of a workload of another's is not lost when its agent must attest again: a fresh one brings it back", async () => {
      const { deps, ada, partner } = room;
      await registerAgent(deps, ada.caller, {
        name: "traveller",
        class: "reporting",
        purpose: "runs elsewhere",
        environment: "production",
        owner: ada.id,
        version: "1.0",
        grants: [],
      });
      const theirs = "spiffe://partner.example/ns/prod/sa/traveller";
      await room.register(theirs, { agent: "traveller" });
      const workloads = [
        { id: theirs, by: partner },
        { id: "spiffe://acme.example/agent/traveller/1", by: room.acme },
      ];
      const iat = () => Math.floor(deps.clock.now() / 1000);
      for (const [version, { id, by }] of workloads.entries()) {
        const key = newKey();
        const copy = claimsIn(await room.withJwt(room.svidOf(id, { by, iat: iat() }), room.dpopBy(key))).sub;
        const before = room.svidOf(id, { by, iat: iat() });
        deps.clock.advance(2_000);
        await updateAgent(deps, ada.caller, { name: "traveller", update: { version: `2.${version}` } });
        const { status, expires, keepsId } = (await findInstance(deps, copy)) ?? {};
        assert.deepEqual([status, expires, keepsId], ["active", deps.clock.now(), true]);
        assert.equal(await codeOf(room.withJwt(before, room.dpopBy(key))), "forbidden");
        deps.clock.advance(1_000);
        const back = await room.withJwt(room.svidOf(id, { by, iat: iat() }), room.dpopBy(key));
        assert.equal(claimsIn(back).sub, copy);
      }
    });

    const strangers: [string, () => string][] = [
      [
        "of a trust domain that is not configured",
        () => room.svidOf("spiffe://nowhere.example/agent/planner/1"),
      ],
      ["signed by another trust domain's key", () => room.svidOf(OURS, { by: room.partner })],
      ["of an agent that there is not", () => room.svidOf("spiffe://acme.example/agent/nobody/1")],
      ["of a host", () => room.svidOf("spiffe://acme.example/host/one")],
      ["of a path that names nobody", () => room.svidOf("spiffe://acme.example/agent/planner/1/2")],
      ["for a second audience besides", () => room.svidOf(OURS, { aud: [issuer, "https://other.example"] })],
      [
        "of a foreign workload that is not registered",
        () => room.svidOf("spiffe://partner.example/x", { by: room.partner }),
      ],
      ["that has expired", () => room.svidOf(OURS, { exp: Math.floor(room.deps.clock.now() / 1000) })],
      ["that is no token", () => "nonsense"],
    ];
    for (const [what, make] of strangers) {
      test(`is refused ${what}, always in the same words`, async () => {
        const refusal = await fault(room.withJwt(make(), room.dpopBy(newKey())));
        assert.deepEqual([refusal.code, refusal.message], ["invalid-client", SAME_WORDS]);
      });
    }

    test("is nobody else's: a client_id beside it is its own SPIFFE ID", async () => {
      const other = { client_id: room.planner.instance.id };
      assert.equal(
        await codeOf(room.withJwt(room.svidOf(OURS), room.dpopBy(newKey()), other)),
        "invalid-client",
      );
      await room.withJwt(room.svidOf("spiffe://acme.example/agent/planner/said"), room.dpopBy(newKey()), {
        client_id: "spiffe://acme.example/agent/planner/said",
      });
    });

    test("and a client assertion do not pass for one another, nor does an access token for either", async () => {
      const { deps, planner } = room;
      const now = deps.clock.now();
      const assertion = createClientAssertion({
        clientId: planner.instance.id,
        issuer,
        key: planner.key,
        now,
        jti: randomUUID(),
      });
      assert.equal(await codeOf(room.withJwt(assertion, room.dpopBy(planner.key))), "invalid-client");
      const { access_token } = await ask(deps, planner, own);
      assert.equal(await codeOf(room.withJwt(access_token, room.dpopBy(planner.key))), "invalid-client");
      for (const client_assertion of [room.svidOf(OURS), access_token]) {
        const form = { client_assertion_type: clientAssertionType, client_assertion };
        assert.equal(await codeOf(room.send(form, { dpop: room.dpopBy(planner.key) })), "invalid-client");
      }
    });

    test("is asked for again: the key that came with it proves nothing by itself", async () => {
      const { deps } = room;
      const [key, id] = [newKey(), "spiffe://acme.example/agent/planner/alone"];
      await room.withJwt(room.svidOf(id), room.dpopBy(key));
      const assertion = createClientAssertion({
        clientId: id,
        issuer,
        key,
        now: deps.clock.now(),
        jti: randomUUID(),
      });
      const form = { client_assertion_type: clientAssertionType, client_assertion: assertion };
      assert.equal(await codeOf(room.send(form, { dpop: room.dpopBy(key) })), "invalid-client");
    });
  });

  describe("workloads of another trust domain", () => {
    test("stand for whom they were registered, exactly or by the beginning that fits best", async () => {
      await room.register("spiffe://partner.example/ns/");
      await room.register("spiffe://partner.example/ns/prod/", { agent: "writer" });
      await room.register(THEIRS, { agent: "publisher" });
      const agentFor = async (id: string) =>
        claimsIn(await room.withJwt(room.svidOf(id, { by: room.partner }), room.dpopBy(newKey()))).agent;
      assert.equal(await agentFor("spiffe://partner.example/ns/test/sa/x"), "planner");
      assert.equal(await agentFor("spiffe://partner.example/ns/prod/sa/other"), "writer");
      assert.equal(await agentFor(THEIRS), "publisher");
      assert.equal(await codeOf(agentFor("spiffe://partner.example/nsx/y")), "invalid-client");
    });

    test("are running copies of ours under a SPIFFE ID of ours, which ends for every key they bring", async () => {
      const id = "spiffe://partner.example/ns/test/sa/ending";
      const claims = claimsIn(
        await room.withJwt(room.svidOf(id, { by: room.partner }), room.dpopBy(newKey())),
      );
      assert.match(claims.client_id, /^spiffe:\/\/acme\.example\/agent\/planner\/svid-[\w-]{43}$/);
      await endInstance(room.deps, room.ada.caller, { id: claims.client_id });
      assert.equal(
        await codeOf(room.withJwt(room.svidOf(id, { by: room.partner }), room.dpopBy(newKey()))),
        "invalid-client",
      );
    });

    test("stand for no agent of whom something is demanded that no SVID says", async () => {
      const id = "spiffe://partner.example/ns/prod/sa/boxed";
      await registerAgent(room.deps, room.ada.caller, {
        name: "boxed",
        class: "reporting",
        purpose: "runs from one image",
        environment: "production",
        owner: room.ada.id,
        grants: [],
      });
      await room.register(id, { agent: "boxed" });
      const artifacts = { images: { allow: [`sha256:${"d".repeat(64)}`] } };
      await putRequirement(room.deps, room.ada.caller, {
        of: { kind: "agent", principal: "boxed" },
        artifacts,
      });
      const refused = await fault(room.withJwt(room.svidOf(id, { by: room.partner }), room.dpopBy(newKey())));
      assert.deepEqual([refused.code, refused.members.reason], ["forbidden", "image-required"]);
      assert.equal((await findAgent(room.deps, "boxed"))?.status, "registered");
    });

    test("stand for nobody once the registration is removed, and what they hold dies with it", async () => {
      const [id, key] = ["spiffe://partner.example/leaving/one", newKey()];
      await room.register(id);
      const { access_token: token } = await room.withJwt(
        room.svidOf(id, { by: room.partner }),
        room.dpopBy(key),
      );
      const proof = () => room.dpopToUs(key, token);
      await room.callsUs(`DPoP ${token}`, { dpop: proof() });
      await removeWorkload(room.deps, room.ada.caller, { trustDomain: "partner.example", id });
      assert.equal(await codeOf(room.callsUs(`DPoP ${token}`, { dpop: proof() })), "unauthenticated");
      assert.equal(
        await codeOf(room.withJwt(room.svidOf(id, { by: room.partner }), room.dpopBy(newKey()))),
        "invalid-client",
      );
    });
  });

  test("secrets authenticate nobody, and spoil what comes with them", async () => {
    const { deps, planner } = room;
    assert.equal(await codeOf(ask(deps, planner, { ...own, client_secret: "x" })), "invalid-client");
    assert.equal(
      await codeOf(room.send({ client_id: planner.instance.id, client_secret: "x" }, {})),
      "invalid-client",
    );
    const basic = { authorization: `Basic ${Buffer.from("a:b").toString("base64")}` };
    assert.equal(await codeOf(room.send({}, basic)), "invalid-client");
  });
});
