import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { type Certified, certify, openAuthority } from "../../proof/svid/test-authority.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { begunTask, call, codeOf, fault } from "../delegation/fixture.ts";
import { delegationTokenFor } from "../delegation/index.ts";
import { peerKeyIn } from "../http/index.ts";
import { registerWorkload, removeTrustDomain } from "../spiffe/index.ts";
import { ask, claimsIn, exchangeForm } from "./fixture.ts";
import { metadataOf } from "./metadata.ts";
import { newKey, OURS, openTrusting, own, SAME_WORDS, type Trusting } from "./svid-fixture.ts";

forEachEngine((engine) => {
  let room: Trusting;
  before(async () => {
    room = await openTrusting(engine);
  });
  after(() => room.close());

  describe("an X.509-SVID", () => {
    test("that the connection has proven makes a token bound to its certificate, which ends with it", async () => {
      const id = "spiffe://acme.example/agent/planner/mtls";
      const leaf = await certify(room.acme.root, { uris: [id], notAfter: room.deps.clock.now() + 100_000 });
      const answered = await room.withCertificate(id, [leaf]);
      assert.equal(answered.token_type, "Bearer");
      assert.equal(answered.expires_in, 100);
      assert.deepEqual(claimsIn(answered).cnf, { "x5t#S256": peerKeyIn([leaf.der])?.certificate });
    });

    test("with a DPoP proof makes a token bound to that key, which outlasts the certificate's renewal", async () => {
      const [id, key] = ["spiffe://acme.example/agent/planner/both", newKey()];
      const answered = await room.withCertificate(id, [await room.leafFor(id)], { dpop: room.dpopBy(key) });
      assert.equal(answered.token_type, "DPoP");
      assert.deepEqual(claimsIn(answered).cnf, { jkt: thumbprint(publicJwkOf(key)) });
    });

    test("counts for the SPIFFE ID that it names, and for no other client_id", async () => {
      const id = "spiffe://acme.example/agent/planner/named";
      const leaf = await room.leafFor(id);
      const others = [
        "spiffe://acme.example/agent/writer/named",
        `${id}/`,
        `${id}x`,
        "spiffe://acme.example",
        "planner",
      ];
      for (const other of [...others, room.planner.instance.id])
        assert.equal(await codeOf(room.withCertificate(other, [leaf])), "invalid-client");
      assert.equal(await codeOf(room.send({}, {}, [leaf])), "invalid-client");
    });

    const chains: [string, () => Promise<Certified[]>][] = [
      [
        "of another trust domain's root",
        async () => [await room.leafFor(OURS, room.partner), room.partner.root],
      ],
      ["with two SPIFFE IDs", async () => [await certify(room.acme.root, { uris: [OURS, `${OURS}b`] })]],
      ["of an authority", async () => [await certify(room.acme.root, { uris: [OURS], authority: true })]],
      [
        "that signed itself under a root's name",
        async () => [await certify(undefined, { uris: [OURS], subject: room.acme.root.subject })],
      ],
      [
        "under an intermediate that has expired",
        async () => {
          const notAfter = room.deps.clock.now() - 1_000;
          const old = await certify(room.acme.root, { authority: true, subject: "CN=old", notAfter });
          return [await certify(old, { uris: [OURS] }), old];
        },
      ],
    ];
    for (const [what, make] of chains) {
      test(`is refused ${what}, always in the same words`, async () => {
        const refusal = await fault(room.withCertificate(OURS, await make()));
        assert.deepEqual([refusal.code, refusal.message], ["invalid-client", SAME_WORDS]);
      });
    }

    test("beside a client assertion decides nothing: the assertion does", async () => {
      const leaf = await room.leafFor("spiffe://acme.example/agent/planner/beside");
      const refused = room.send(
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
      leaf = await room.leafFor(id);
      token = (await room.withCertificate(id, [leaf])).access_token;
    });

    test("is taken on the connection of that certificate", async () => {
      const caller = await room.callsUs(`Bearer ${token}`, {}, [leaf]);
      assert.deepEqual(
        [caller.principal, caller.instance, caller.strength],
        ["planner", id, "attested-svid"],
      );
    });

    test("is refused without it, on another's, and with whatever proof beside", async () => {
      const renewed = await certify(room.acme.root, { uris: [id], pair: leaf.pair });
      const proof = room.dpopToUs(leaf.key, token);
      const attempts: Parameters<Trusting["callsUs"]>[] = [
        [`Bearer ${token}`, {}],
        [`Bearer ${token}`, {}, [renewed]],
        [`Bearer ${token}`, { dpop: proof }, [leaf]],
        [`DPoP ${token}`, { dpop: proof }, [leaf]],
        [`DPoP ${token}`, {}, [leaf]],
      ];
      for (const attempt of attempts) assert.equal(await codeOf(room.callsUs(...attempt)), "unauthenticated");
    });

    test("and one that is bound to a key do not pass for one another", async () => {
      const { access_token } = await ask(room.deps, room.planner, own);
      assert.equal(await codeOf(room.callsUs(`Bearer ${access_token}`, {}, [leaf])), "unauthenticated");
    });
  });

  test("a trust domain that is removed speaks for nobody, and what was issued on its word is dead", async () => {
    const gone = await openAuthority("gone.example");
    await room.trust(gone);
    const spiffeId = "spiffe://gone.example/one";
    const registration = { id: spiffeId, agent: "planner" };
    const to = { trustDomain: "gone.example", registration };
    await registerWorkload(room.deps, room.ada.caller, to);
    const leaf = await certify(gone.root, { uris: [spiffeId] });
    const { access_token: token } = await room.withCertificate(spiffeId, [leaf]);
    await room.callsUs(`Bearer ${token}`, {}, [leaf]);
    await removeTrustDomain(room.deps, room.ada.caller, { name: "gone.example" });
    assert.equal(await codeOf(room.callsUs(`Bearer ${token}`, {}, [leaf])), "unauthenticated");
    assert.equal(await codeOf(room.withCertificate(spiffeId, [leaf])), "invalid-client");
    await room.trust(gone);
    assert.equal(
      await codeOf(room.withCertificate(spiffeId, [leaf])),
      "invalid-client",
      "its workloads went with it",
    );
    await registerWorkload(room.deps, room.ada.caller, to);
    assert.equal(
      await codeOf(room.withCertificate(spiffeId, [leaf])),
      "invalid-client",
      "its key was another copy's",
    );
    await room.withCertificate(spiffeId, [await certify(gone.root, { uris: [spiffeId] })]);
  });

  describe("an exchange over a connection with a certificate", () => {
    const id = "spiffe://acme.example/agent/planner/exchanges";
    let leaf: Certified;
    let form: Record<string, string>;
    before(async () => {
      leaf = await room.leafFor(id);
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const ticket = await delegationTokenFor(deps, planner.caller, { edge: edge.id });
      const actor_token = (await room.withCertificate(id, [leaf])).access_token;
      form = {
        ...(await exchangeForm(deps, planner, edge.id, [call("reports/read", { open_args: true })])),
        subject_token: ticket.token,
        actor_token,
      };
    });

    test("gives a token that is bound to that certificate, for the person", async () => {
      const answered = await room.withCertificate(id, [leaf], {}, form);
      const claims = claimsIn(answered);
      assert.equal(answered.token_type, "Bearer");
      assert.deepEqual([claims.sub, claims.act?.sub], [room.pat.id, "planner"]);
      assert.deepEqual(claims.cnf, { "x5t#S256": peerKeyIn([leaf.der])?.certificate });
    });

    test("takes no actor token that is bound to another certificate, or to a key", async () => {
      const renewed = await certify(room.acme.root, { uris: [id], pair: leaf.pair });
      assert.equal(await codeOf(room.withCertificate(id, [renewed], {}, form)), "invalid-request");
      const dpop = room.dpopBy(leaf.key);
      assert.equal(await codeOf(room.withCertificate(id, [leaf], { dpop }, form)), "invalid-request");
      const byKey = (await room.withCertificate(id, [leaf], { dpop: room.dpopBy(leaf.key) })).access_token;
      const refused = room.withCertificate(id, [leaf], {}, { ...form, actor_token: byKey });
      assert.equal(await codeOf(refused), "invalid-request");
    });
  });
});

test("metadata name certificates only where they are seen", () => {
  const [seen, unseen] = [metadataOf("https://a.example", true), metadataOf("https://a.example", false)];
  assert.deepEqual(unseen.token_endpoint_auth_methods_supported, ["private_key_jwt", "spiffe_jwt", "none"]);
  assert.deepEqual(seen.token_endpoint_auth_methods_supported, [
    "private_key_jwt",
    "spiffe_jwt",
    "spiffe_x509",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
  ]);
  assert.equal(seen.tls_client_certificate_bound_access_tokens, true);
  assert.equal(unseen.tls_client_certificate_bound_access_tokens, false);
  assert.doesNotMatch(JSON.stringify([seen, unseen]), /client_secret/);
});
