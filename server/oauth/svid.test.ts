import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, fault } from "../delegation/fixture.ts";
import { peerKeyIn } from "../http/index.ts";
import { issuer, stranger } from "../login/fixture.ts";
import {
  endInstance,
  findAgent,
  findInstance,
  registerAgent,
  resumeAgent,
  suspendAgent,
} from "../registry/index.ts";
import { putTrustDomain, registerWorkload, removeTrustDomain, removeWorkload } from "../spiffe/index.ts";
import {
  type Authority,
  type Certified,
  certify,
  jwtSvidBy,
  openAuthority,
} from "../spiffe/test-authority.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { JWT_SVID_TYPE } from "./clients/jwt-svid.ts";
import { ask, claimsIn, openMarket, requestTo } from "./fixture.ts";
import { revokeToken } from "./revoke-token.ts";
import { issueToken } from "./token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const own = { grant_type: "client_credentials" };
const OURS = "spiffe://acme.example/agent/planner/copy-1";
const THEIRS = "spiffe://partner.example/ns/prod/sa/planner";
const SAME_WORDS = "The client could not be authenticated.";
const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

forEachEngine((engine) => {
  let room: Opened;
  let acme: Authority;
  let partner: Authority;
  before(async () => {
    room = await openMarket(engine);
    acme = await openAuthority("acme.example");
    partner = await openAuthority("partner.example");
    await trust(acme);
    await trust(partner);
  });
  after(() => room.close());

  const administrator = () => room.ada.caller;
  const trust = ({ trustDomain, bundle }: Authority) =>
    putTrustDomain(room.deps, administrator(), {
      name: trustDomain,
      definition: { bundle: bundle as never },
    });
  const register = (id: string, stands: object = { agent: "planner" }) =>
    registerWorkload(room.deps, administrator(), {
      trustDomain: "partner.example",
      registration: { id, ...stands },
    });

  const dpopBy = (key: KeyObject, more: object = {}) =>
    createDpopProof({
      key,
      method: "POST",
      url: `${issuer}/oauth/token`,
      now: room.deps.clock.now(),
      jti: randomUUID(),
      ...more,
    });
  const svidOf = (sub: string, { by = acme, ...claims }: { by?: Authority } & Record<string, unknown> = {}) =>
    jwtSvidBy(by, { sub, aud: issuer, now: room.deps.clock.now(), ...claims });
  const send = (form: Record<string, string>, headers: Record<string, string>, peer?: readonly Certified[]) =>
    issueToken(room.deps, stranger, {
      form: { ...own, ...form },
      request: { ...requestTo("/oauth/token", headers), peer: peer && peerKeyIn(peer.map(({ der }) => der)) },
    });
  const withJwt = (svid: string, dpop: string | undefined, more: Record<string, string> = {}) =>
    send(
      { client_assertion_type: JWT_SVID_TYPE, client_assertion: svid, ...more },
      dpop === undefined ? {} : { dpop },
    );
  const withCertificate = (id: string, chain: readonly Certified[], headers: Record<string, string> = {}) =>
    send({ client_id: id }, headers, chain);
  const leafFor = (id: string, by = acme) => certify(by.root, { uris: [id] });

  const eventsOf = async (type: string) =>
    (await findEvents(room.deps.database, { type, limit: 200 })).map(({ body }) => JSON.parse(body));
  const callsUs = (token: string, headers: Record<string, string>, peer?: readonly Certified[]) =>
    authenticateToken(room.deps, {
      ...requestTo("/tasks", { authorization: token, ...headers }, "GET"),
      peer: peer && peerKeyIn(peer.map(({ der }) => der)),
    });

  describe("a JWT-SVID", () => {
    test("makes a running copy under its own SPIFFE ID, with the key of the DPoP proof, and a token bound to it", async () => {
      const key = newKey();
      const answered = await withJwt(svidOf(OURS), dpopBy(key));
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
      const [enrolled] = (await eventsOf("instance.enrolled")).filter(({ body }) => body.instance === OURS);
      assert.equal(enrolled.body.evidence, `jwt-svid ${OURS}`);
    });

    test("gives a token that ends with it", async () => {
      const exp = Math.floor(room.deps.clock.now() / 1000) + 30;
      const answered = await withJwt(
        svidOf("spiffe://acme.example/agent/planner/short", { exp }),
        dpopBy(newKey()),
      );
      assert.equal(claimsIn(answered).exp, exp);
    });

    test("is worth nothing without a DPoP proof, here and at revocation", async () => {
      assert.equal(await codeOf(withJwt(svidOf(OURS), undefined)), "invalid-dpop-proof");
      const form = { token: "x", client_assertion_type: JWT_SVID_TYPE, client_assertion: svidOf(OURS) };
      const revoke = revokeToken(room.deps, stranger, { form, request: requestTo("/oauth/revoke", {}) });
      assert.equal(await codeOf(revoke), "invalid-dpop-proof");
      assert.equal(await codeOf(revokeToken(room.deps, stranger, { form })), "invalid-client");
    });

    test("can be sent again with another proof, and no proof twice", async () => {
      const [key, svid] = [newKey(), svidOf("spiffe://acme.example/agent/planner/again")];
      const proof = dpopBy(key);
      await withJwt(svid, proof);
      assert.equal(await codeOf(withJwt(svid, proof)), "invalid-dpop-proof");
      await withJwt(svid, dpopBy(key));
    });

    test("may come with another key next time: what the old one holds goes on, and the record says so", async () => {
      const id = "spiffe://acme.example/agent/planner/rotates";
      const [first, second] = [newKey(), newKey()];
      const before = await withJwt(svidOf(id), dpopBy(first));
      await withJwt(svidOf(id), dpopBy(second));
      assert.equal((await findInstance(room.deps, id))?.thumbprint, thumbprint(publicJwkOf(second)));
      const [renewed] = (await eventsOf("instance.renewed")).filter(({ body }) => body.instance === id);
      assert.equal(renewed.body.thumbprint, thumbprint(publicJwkOf(second)));
      const token = before.access_token;
      const proof = dpopBy(first, { method: "GET", url: `${issuer}/tasks`, accessToken: token });
      assert.equal((await callsUs(`DPoP ${token}`, { dpop: proof })).instance, id);
    });

    test("of an instance that was ended is refused for good, whatever key it brings", async () => {
      const id = "spiffe://acme.example/agent/planner/ended";
      await withJwt(svidOf(id), dpopBy(newKey()));
      await endInstance(room.deps, administrator(), { id });
      const refusal = await fault(withJwt(svidOf(id), dpopBy(newKey())));
      assert.deepEqual([refusal.code, refusal.message], ["invalid-client", SAME_WORDS]);
    });

    test("whose holder's key was revoked is refused with that key", async () => {
      const [one, two, key] = ["a", "b", newKey()] as const;
      const id = (name: string) => `spiffe://acme.example/agent/planner/dead-${name}`;
      await withJwt(svidOf(id(one)), dpopBy(key));
      await endInstance(room.deps, administrator(), { id: id(one) });
      assert.equal(await codeOf(withJwt(svidOf(id(two)), dpopBy(key))), "invalid-client");
    });

    test("brings no key that is another's: one that has enrolled, or another workload's", async () => {
      const { planner } = room;
      const id = "spiffe://acme.example/agent/writer/thief";
      assert.equal(await codeOf(withJwt(svidOf(id), dpopBy(planner.key))), "invalid-client");
      const key = newKey();
      await withJwt(svidOf("spiffe://acme.example/agent/planner/holder"), dpopBy(key));
      assert.equal(await codeOf(withJwt(svidOf(id), dpopBy(key))), "invalid-client");
      await withJwt(svidOf(id), dpopBy(newKey()));
      assert.equal(await codeOf(withJwt(svidOf(id), dpopBy(key))), "invalid-client");
    });

    test("does not take over a process that has enrolled with its own key", async () => {
      const { instance } = room.planner;
      assert.equal(await codeOf(withJwt(svidOf(instance.id), dpopBy(newKey()))), "invalid-client");
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
      await withJwt(svidOf(id), dpopBy(newKey()));
      assert.equal((await findAgent(deps, "newcomer"))?.status, "active");
      await suspendAgent(deps, ada.caller, { name: "newcomer" });
      assert.equal(await codeOf(withJwt(svidOf(id), dpopBy(newKey()))), "forbidden");
      assert.equal(await codeOf(withJwt(svidOf(`${id}2`), dpopBy(newKey()))), "forbidden");
      assert.equal(await findInstance(deps, `${id}2`), undefined);
      const refused = (await eventsOf("request.refused")).filter(({ actor }) =>
        actor.instance?.startsWith(id),
      );
      assert.deepEqual([...new Set(refused.map(({ body }) => body.code))], ["forbidden"]);
      await resumeAgent(deps, ada.caller, { name: "newcomer" });
      await withJwt(svidOf(id), dpopBy(newKey()));
    });

    const strangers: [string, () => string][] = [
      ["of a trust domain that is not configured", () => svidOf("spiffe://nowhere.example/agent/planner/1")],
      ["signed by another trust domain's key", () => svidOf(OURS, { by: partner })],
      ["of an agent that there is not", () => svidOf("spiffe://acme.example/agent/nobody/1")],
      ["of a host", () => svidOf("spiffe://acme.example/host/one")],
      ["of a path that names nobody", () => svidOf("spiffe://acme.example/agent/planner/1/2")],
      ["for a second audience besides", () => svidOf(OURS, { aud: [issuer, "https://other.example"] })],
      [
        "of a foreign workload that is not registered",
        () => svidOf("spiffe://partner.example/x", { by: partner }),
      ],
      ["that has expired", () => svidOf(OURS, { exp: Math.floor(room.deps.clock.now() / 1000) })],
      ["that is no token", () => "nonsense"],
    ];
    for (const [what, make] of strangers) {
      test(`is refused ${what}, always in the same words`, async () => {
        const refusal = await fault(withJwt(make(), dpopBy(newKey())));
        assert.deepEqual([refusal.code, refusal.message], ["invalid-client", SAME_WORDS]);
      });
    }

    test("is nobody else's: a client_id beside it is its own SPIFFE ID", async () => {
      const other = { client_id: room.planner.instance.id };
      assert.equal(await codeOf(withJwt(svidOf(OURS), dpopBy(newKey()), other)), "invalid-client");
      await withJwt(svidOf("spiffe://acme.example/agent/planner/said"), dpopBy(newKey()), {
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
      assert.equal(await codeOf(withJwt(assertion, dpopBy(planner.key))), "invalid-client");
      const { access_token } = await ask(deps, planner, own);
      assert.equal(await codeOf(withJwt(access_token, dpopBy(planner.key))), "invalid-client");
      for (const client_assertion of [svidOf(OURS), access_token]) {
        const form = { client_assertion_type: clientAssertionType, client_assertion };
        assert.equal(await codeOf(send(form, { dpop: dpopBy(planner.key) })), "invalid-client");
      }
    });

    test("is asked for again: the key that came with it proves nothing by itself", async () => {
      const { deps } = room;
      const [key, id] = [newKey(), "spiffe://acme.example/agent/planner/alone"];
      await withJwt(svidOf(id), dpopBy(key));
      const assertion = createClientAssertion({
        clientId: id,
        issuer,
        key,
        now: deps.clock.now(),
        jti: randomUUID(),
      });
      const form = { client_assertion_type: clientAssertionType, client_assertion: assertion };
      assert.equal(await codeOf(send(form, { dpop: dpopBy(key) })), "invalid-client");
    });
  });

  describe("workloads of another trust domain", () => {
    test("stand for whom they were registered, exactly or by the beginning that fits best", async () => {
      await register("spiffe://partner.example/ns/");
      await register("spiffe://partner.example/ns/prod/", { agent: "writer" });
      await register(THEIRS, { agent: "publisher" });
      const agentFor = async (id: string) =>
        claimsIn(await withJwt(svidOf(id, { by: partner }), dpopBy(newKey()))).agent;
      assert.equal(await agentFor("spiffe://partner.example/ns/test/sa/x"), "planner");
      assert.equal(await agentFor("spiffe://partner.example/ns/prod/sa/other"), "writer");
      assert.equal(await agentFor(THEIRS), "publisher");
      assert.equal(await codeOf(agentFor("spiffe://partner.example/nsx/y")), "invalid-client");
    });

    test("are running copies of ours under a SPIFFE ID of ours, which ends for every key they bring", async () => {
      const id = "spiffe://partner.example/ns/test/sa/ending";
      const claims = claimsIn(await withJwt(svidOf(id, { by: partner }), dpopBy(newKey())));
      assert.match(claims.client_id, /^spiffe:\/\/acme\.example\/agent\/planner\/svid-[\w-]{43}$/);
      await endInstance(room.deps, administrator(), { id: claims.client_id });
      assert.equal(await codeOf(withJwt(svidOf(id, { by: partner }), dpopBy(newKey()))), "invalid-client");
    });

    test("stand for nobody once the registration is removed, and what they hold dies with it", async () => {
      const [id, key] = ["spiffe://partner.example/leaving/one", newKey()];
      await register(id);
      const { access_token: token } = await withJwt(svidOf(id, { by: partner }), dpopBy(key));
      const proof = () => dpopBy(key, { method: "GET", url: `${issuer}/tasks`, accessToken: token });
      await callsUs(`DPoP ${token}`, { dpop: proof() });
      await removeWorkload(room.deps, administrator(), { trustDomain: "partner.example", id });
      assert.equal(await codeOf(callsUs(`DPoP ${token}`, { dpop: proof() })), "unauthenticated");
      assert.equal(await codeOf(withJwt(svidOf(id, { by: partner }), dpopBy(newKey()))), "invalid-client");
    });
  });

  describe("an X.509-SVID", () => {
    test("that the connection has proven makes a token bound to its certificate, which ends with it", async () => {
      const id = "spiffe://acme.example/agent/planner/mtls";
      const leaf = await certify(acme.root, { uris: [id], notAfter: room.deps.clock.now() + 100_000 });
      const answered = await withCertificate(id, [leaf]);
      assert.equal(answered.token_type, "Bearer");
      assert.equal(answered.expires_in, 100);
      assert.deepEqual(claimsIn(answered).cnf, { "x5t#S256": peerKeyIn([leaf.der])?.certificate });
    });

    test("with a DPoP proof makes a token bound to that key, which outlasts the certificate's renewal", async () => {
      const [id, key] = ["spiffe://acme.example/agent/planner/both", newKey()];
      const answered = await withCertificate(id, [await leafFor(id)], { dpop: dpopBy(key) });
      assert.equal(answered.token_type, "DPoP");
      assert.deepEqual(claimsIn(answered).cnf, { jkt: thumbprint(publicJwkOf(key)) });
    });

    test("counts for the SPIFFE ID that it names, and for no other client_id", async () => {
      const id = "spiffe://acme.example/agent/planner/named";
      const leaf = await leafFor(id);
      const others = [
        "spiffe://acme.example/agent/writer/named",
        `${id}/`,
        `${id}x`,
        "spiffe://acme.example",
        "planner",
      ];
      for (const other of [...others, room.planner.instance.id])
        assert.equal(await codeOf(withCertificate(other, [leaf])), "invalid-client");
      assert.equal(await codeOf(send({}, {}, [leaf])), "invalid-client");
    });

    const chains: [string, () => Promise<Certified[]>][] = [
      ["of another trust domain's root", async () => [await leafFor(OURS, partner), partner.root]],
      ["with two SPIFFE IDs", async () => [await certify(acme.root, { uris: [OURS, `${OURS}b`] })]],
      ["of an authority", async () => [await certify(acme.root, { uris: [OURS], authority: true })]],
      [
        "that signed itself under a root's name",
        async () => [await certify(undefined, { uris: [OURS], subject: acme.root.subject })],
      ],
      [
        "under an intermediate that has expired",
        async () => {
          const notAfter = room.deps.clock.now() - 1_000;
          const old = await certify(acme.root, { authority: true, subject: "CN=old", notAfter });
          return [await certify(old, { uris: [OURS] }), old];
        },
      ],
    ];
    for (const [what, make] of chains) {
      test(`is refused ${what}, always in the same words`, async () => {
        const refusal = await fault(withCertificate(OURS, await make()));
        assert.deepEqual([refusal.code, refusal.message], ["invalid-client", SAME_WORDS]);
      });
    }

    test("beside a client assertion decides nothing: the assertion does", async () => {
      const leaf = await leafFor("spiffe://acme.example/agent/planner/beside");
      const refused = send(
        {
          client_id: "spiffe://acme.example/agent/planner/beside",
          client_assertion: "x",
          client_assertion_type: "y",
        },
        {},
        [leaf],
      );
      assert.equal(await codeOf(refused), "invalid-client");
    });
  });

  describe("a token that is bound to a certificate", () => {
    const id = "spiffe://acme.example/agent/planner/bound";
    let leaf: Certified;
    let token: string;
    before(async () => {
      leaf = await leafFor(id);
      token = (await withCertificate(id, [leaf])).access_token;
    });

    test("is taken on the connection of that certificate", async () => {
      const caller = await callsUs(`Bearer ${token}`, {}, [leaf]);
      assert.deepEqual(
        [caller.principal, caller.instance, caller.strength],
        ["planner", id, "attested-svid"],
      );
    });

    test("is refused without it, on another's, and with whatever proof beside", async () => {
      const renewed = await certify(acme.root, { uris: [id], pair: leaf.pair });
      const proof = dpopBy(leaf.key, { method: "GET", url: `${issuer}/tasks`, accessToken: token });
      const attempts: Parameters<typeof callsUs>[] = [
        [`Bearer ${token}`, {}],
        [`Bearer ${token}`, {}, [renewed]],
        [`Bearer ${token}`, { dpop: proof }, [leaf]],
        [`DPoP ${token}`, { dpop: proof }, [leaf]],
        [`DPoP ${token}`, {}, [leaf]],
      ];
      for (const attempt of attempts) assert.equal(await codeOf(callsUs(...attempt)), "unauthenticated");
    });

    test("and one that is bound to a key do not pass for one another", async () => {
      const { access_token } = await ask(room.deps, room.planner, own);
      assert.equal(await codeOf(callsUs(`Bearer ${access_token}`, {}, [leaf])), "unauthenticated");
    });
  });

  test("a trust domain that is removed speaks for nobody, and what was issued on its word is dead", async () => {
    const gone = await openAuthority("gone.example");
    await trust(gone);
    const spiffeId = "spiffe://gone.example/one";
    const registration = { id: spiffeId, agent: "planner" };
    const to = { trustDomain: "gone.example", registration };
    await registerWorkload(room.deps, administrator(), to);
    const leaf = await certify(gone.root, { uris: [spiffeId] });
    const { access_token: token } = await withCertificate(spiffeId, [leaf]);
    await callsUs(`Bearer ${token}`, {}, [leaf]);
    await removeTrustDomain(room.deps, administrator(), { name: "gone.example" });
    assert.equal(await codeOf(callsUs(`Bearer ${token}`, {}, [leaf])), "unauthenticated");
    assert.equal(await codeOf(withCertificate(spiffeId, [leaf])), "invalid-client");
    await trust(gone);
    assert.equal(
      await codeOf(withCertificate(spiffeId, [leaf])),
      "invalid-client",
      "its workloads went with it",
    );
    await registerWorkload(room.deps, administrator(), to);
    assert.equal(
      await codeOf(withCertificate(spiffeId, [leaf])),
      "invalid-client",
      "its key was another copy's",
    );
    await withCertificate(spiffeId, [await certify(gone.root, { uris: [spiffeId] })]);
  });

  test("secrets authenticate nobody, and spoil what comes with them", async () => {
    const { deps, planner } = room;
    assert.equal(await codeOf(ask(deps, planner, { ...own, client_secret: "x" })), "invalid-client");
    assert.equal(
      await codeOf(send({ client_id: planner.instance.id, client_secret: "x" }, {})),
      "invalid-client",
    );
    const basic = { authorization: `Basic ${Buffer.from("a:b").toString("base64")}` };
    assert.equal(await codeOf(send({}, basic)), "invalid-client");
  });
});
