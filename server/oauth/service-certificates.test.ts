import assert from "node:assert/strict";
import { type KeyObject, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { type Certified, certify } from "../../proof/svid/test-authority.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, run } from "../delegation/fixture.ts";
import { peerKeyIn } from "../http/index.ts";
import { selfSignedDer } from "../http/test-certificate.ts";
import { issuer, stranger } from "../login/fixture.ts";
import { endInstance, findInstance, resumeService, suspendService } from "../registry/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { putServiceCertificate, removeServiceCertificate } from "./clients/put-service-certificate.ts";
import type { CertificateRegistration } from "./clients/service-certificate.ts";
import { claimsIn, openMarket, requestTo } from "./fixture.ts";
import { issueToken } from "./token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const NAME = "urn:company:reports";

forEachEngine((engine) => {
  let room: Opened;
  let company: Certified;
  before(async () => {
    room = await openMarket(engine);
    company = await certify(undefined, { authority: true, subject: "CN=Company, O=Acme" });
  });
  after(() => room.close());

  const service = () => room.reports.service;
  const send = (
    client_id: string,
    chain: readonly Uint8Array[],
    headers: Record<string, string> = {},
    more = {},
  ) =>
    issueToken(room.deps, stranger, {
      form: { grant_type: "client_credentials", client_id, ...more },
      request: { ...requestTo("/oauth/token", headers), peer: peerKeyIn(chain) },
    });
  const register = (subject: CertificateRegistration["subject"] = { san_uri: NAME }, by = company) =>
    putServiceCertificate(room.deps, room.ada.caller, {
      id: service().id,
      registration: { authorities: [by.der.toString("base64")], subject },
    });
  const leaf = (wanted: Parameters<typeof certify>[1] = {}) => certify(company, { uris: [NAME], ...wanted });
  const callsUs = (token: string, chain: readonly Uint8Array[]) =>
    authenticateToken(room.deps, {
      ...requestTo("/oauth/uses", { authorization: `Bearer ${token}` }),
      peer: peerKeyIn(chain),
    });
  const dpopBy = (key: KeyObject) =>
    createDpopProof({
      key,
      method: "POST",
      url: `${issuer}/oauth/token`,
      now: room.deps.clock.now(),
      jti: randomUUID(),
    });

  describe("a certificate of the company's authority", () => {
    test("authenticates the service whose name it carries, with a token that is bound to it", async () => {
      await register();
      const certificate = await leaf();
      const answered = await send(service().id, [certificate.der]);
      const claims = claimsIn(answered);
      assert.equal(answered.token_type, "Bearer");
      assert.match(claims.client_id, /^spiffe:\/\/acme\.example\/service\/reports\/tls-/);
      assert.equal(claims.strength, "platform-federated");
      const caller = await callsUs(answered.access_token, [certificate.der]);
      assert.deepEqual([caller.kind, caller.principal], ["service", service().id]);
    });

    test("may name it by a host, or by its subject as RFC 4514 writes it", async () => {
      await register({ san_dns: "reports.acme.example" });
      await send(service().id, [(await leaf({ uris: [], dnsNames: ["reports.acme.example"] })).der]);
      await register({ subject_dn: "CN=reports\\, inc,OU=services,O=Acme" });
      const subject = "O=Acme, OU=services, CN=reports\\, inc";
      await send(service().id, [(await leaf({ uris: [], subject })).der]);
      for (const other of ["O=Acme, OU=services, CN=reports", "CN=reports\\, inc, OU=services, O=Acme"]) {
        const spoilt = await leaf({ uris: [], subject: other });
        assert.equal(await codeOf(send(service().id, [spoilt.der])), "invalid-client");
      }
    });

    const spoilt: [string, () => Promise<Certified>][] = [
      ["with another name", () => leaf({ uris: [`${NAME}x`] })],
      ["with a second name beside", () => leaf({ uris: [NAME, "urn:company:ledger"] })],
      [
        "of another authority of the same name",
        async () => {
          const twin = await certify(undefined, { authority: true, subject: company.subject });
          return certify(twin, { uris: [NAME] });
        },
      ],
      ["that has expired", () => leaf({ notAfter: room.deps.clock.now() - 1 })],
      ["that is an authority's", () => leaf({ authority: true })],
      ["that signed itself", () => certify(undefined, { uris: [NAME] })],
    ];
    for (const [what, make] of spoilt) {
      test(`is refused ${what}`, async () => {
        await register();
        assert.equal(await codeOf(send(service().id, [(await make()).der])), "invalid-client");
      });
    }

    test("authenticates no service for which nothing is registered, and nobody by a name", async () => {
      await register();
      const { der } = await leaf();
      for (const id of [room.desk.service.id, "service_00000000000000000000000000", "reports", NAME])
        assert.equal(await codeOf(send(id, [der])), "invalid-client");
    });

    test("is worth nothing any more once another is registered, or none: what was issued on it is dead", async () => {
      await register();
      const { der } = await leaf();
      const { access_token } = await send(service().id, [der]);
      await callsUs(access_token, [der]);
      await register();
      assert.equal(await codeOf(callsUs(access_token, [der])), "unauthenticated");
      const another = await leaf();
      const second = await send(service().id, [another.der]);
      await removeServiceCertificate(room.deps, room.ada.caller, { id: service().id });
      assert.equal(await codeOf(callsUs(second.access_token, [another.der])), "unauthenticated");
      assert.equal(await codeOf(send(service().id, [another.der])), "invalid-client");
    });

    test("of a suspended service gets nothing; its instance can be ended for good", async () => {
      const { deps, ada } = room;
      await register();
      const { der } = await leaf();
      const { client_id } = claimsIn(await send(service().id, [der]));
      await suspendService(deps, ada.caller, { id: service().id });
      assert.equal(await codeOf(send(service().id, [der])), "forbidden");
      await resumeService(deps, ada.caller, { id: service().id });
      await endInstance(deps, ada.caller, { id: client_id });
      assert.equal((await findInstance(deps, client_id))?.status, "ended");
      assert.equal(await codeOf(send(service().id, [(await leaf()).der])), "invalid-client");
    });

    test("is registered by administrators alone, and only for authorities that are some", async () => {
      const { deps, pat, ada } = room;
      const registration = { authorities: [company.der.toString("base64")], subject: { san_uri: NAME } };
      assert.equal(
        await codeOf(putServiceCertificate(deps, pat.caller, { id: service().id, registration })),
        "forbidden",
      );
      const wrong = [
        { ...registration, authorities: [(await leaf()).der.toString("base64")] },
        { ...registration, authorities: ["AAAA"] },
        { ...registration, authorities: [] },
        { ...registration, subject: {} },
        { ...registration, subject: { san_uri: NAME, san_dns: "a" } },
      ];
      for (const each of wrong) {
        const put = putServiceCertificate(deps, ada.caller, {
          id: service().id,
          registration: each as never,
        });
        assert.equal(await codeOf(put), "invalid");
      }
    });
  });

  describe("a certificate that a service signs itself", () => {
    const ownDer = (key: KeyObject, now = room.deps.clock.now()) => selfSignedDer(key, "service", now);

    test("authenticates the copy that enrolled its key, with a token that is bound to it", async () => {
      const { reports } = room;
      const der = ownDer(reports.key);
      const answered = await send(reports.instance.id, [der]);
      assert.equal(answered.token_type, "Bearer");
      assert.equal((await callsUs(answered.access_token, [der])).instance, reports.instance.id);
      assert.equal(
        await codeOf(callsUs(answered.access_token, [ownDer(reports.key, room.deps.clock.now() - 1_000)])),
        "unauthenticated",
      );
    });

    test("with a DPoP proof by the enrolled key, and by no other, makes a token bound to that", async () => {
      const { reports, desk } = room;
      const der = ownDer(reports.key);
      const answered = await send(reports.instance.id, [der], { dpop: dpopBy(reports.key) });
      assert.equal(claimsIn(answered).cnf.jkt, reports.instance.thumbprint);
      assert.equal(
        await codeOf(send(reports.instance.id, [der], { dpop: dpopBy(desk.key) })),
        "invalid-client",
      );
    });

    test("of another key, out of its time, of an agent or of an ended copy authenticates nobody", async () => {
      const { deps, ada, reports, desk, planner } = room;
      const now = deps.clock.now();
      assert.equal(await codeOf(send(reports.instance.id, [ownDer(desk.key)])), "invalid-client");
      for (const far of [-172_800_000, 172_800_000])
        assert.equal(
          await codeOf(send(reports.instance.id, [ownDer(reports.key, now + far)])),
          "invalid-client",
        );
      assert.equal(await codeOf(send(planner.instance.id, [ownDer(planner.key)])), "invalid-client");
      const second = await run(deps, { service: desk.service });
      await send(second.instance.id, [ownDer(second.key)]);
      await endInstance(deps, ada.caller, { id: second.instance.id });
      assert.equal(await codeOf(send(second.instance.id, [ownDer(second.key)])), "invalid-client");
    });

    test("beside a client assertion binds nothing: then a DPoP proof is needed", async () => {
      const { reports, deps } = room;
      const client_assertion = createClientAssertion({
        clientId: reports.instance.id,
        issuer,
        key: reports.key,
        now: deps.clock.now(),
        jti: randomUUID(),
      });
      const more = { client_assertion, client_assertion_type: clientAssertionType };
      const refused = send(reports.instance.id, [ownDer(reports.key)], {}, more);
      assert.equal(await codeOf(refused), "invalid-dpop-proof");
    });
  });
});
