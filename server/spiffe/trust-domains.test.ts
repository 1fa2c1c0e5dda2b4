import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Authority, jwtSvidBy, openAuthority } from "../../proof/svid/test-authority.ts";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, migrations, openCompany } from "../delegation/fixture.ts";
import { minutes } from "../lib/index.ts";
import {
  BundleCache,
  BundleRefresh,
  jwtSvid,
  OwnAuthority,
  putTrustDomain,
  registerWorkload,
  removeTrustDomain,
  removeWorkload,
  spiffeMigrations,
} from "./index.ts";
import { domainNamed, workloadsRegisteredAs } from "./store.ts";

const NAME = "partner.example";

/** A bundle endpoint that answers what a test tells it to. */
async function endpoint() {
  const said = { body: "", status: 200, asked: 0 };
  const server: Server = createServer((_request, response) => {
    said.asked += 1;
    response.writeHead(said.status, { "content-type": "application/json" }).end(said.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}/bundle`;
  return { said, url, close: () => server.close() };
}

forEachEngine((engine) => {
  const open = () =>
    openCompany(engine, [...migrations, ...spiffeMigrations], {
      bundles: new BundleCache(),
      authority: new OwnAuthority(),
      outbound: { local: true },
    });
  let room: Awaited<ReturnType<typeof open>>;
  let partner: Authority;
  let web: Awaited<ReturnType<typeof endpoint>>;
  before(async () => {
    room = await open();
    partner = await openAuthority(NAME);
    web = await endpoint();
  });
  after(async () => {
    web.close();
    await room.close();
  });

  const put = (definition: object, name = NAME, caller = room.ada.caller) =>
    putTrustDomain(room.deps, caller, { name, definition: definition as never });
  const eventsOf = async (type: string) =>
    (await findEvents(room.deps.database, { type, limit: 200 })).map(({ body }) => JSON.parse(body));

  describe("a trust domain", () => {
    test("is configured by an administrator, on record with its keys; said again it changes nothing", async () => {
      const first = await put({ bundle: partner.bundle });
      assert.equal((await put({ bundle: partner.bundle })).revision, first.revision);
      const [event, ...others] = await eventsOf("trust-domain.configured");
      assert.deepEqual(
        [event.body.id, event.body.jwt_keys, event.body.roots.length],
        [first.id, [partner.kid], 1],
      );
      assert.equal(others.length, 0);
      assert.equal(await codeOf(put({ bundle: partner.bundle }, NAME, room.pat.caller)), "forbidden");
    });

    test("is refused with what is no bundle, no name, or says two things", async () => {
      const { bundle } = partner;
      const wrong: [object, string?][] = [
        [{ bundle: { keys: {} } }],
        [{ bundle: { keys: [{ use: "jwt-svid", kty: "EC" }] } }],
        [{}],
        [{ bundle, endpoint: web.url }],
        [{ endpoint: "ftp://partner.example" }],
        [{ endpoint: "https://user:secret@partner.example" }],
        [{ bundle, more: true }],
        [{ bundle }, "Partner.Example"],
        [{ bundle }, "partner.example/x"],
        [{ bundle }, ""],
      ];
      for (const [definition, name] of wrong) assert.equal(await codeOf(put(definition, name)), "invalid");
    });

    test("keeps its bundle for itself: a key of one is looked up in no other", async () => {
      const [one, two] = [
        await openAuthority("one.example", { kid: "a" }),
        await openAuthority("two.example", { kid: "b" }),
      ];
      await put({ bundle: one.bundle }, "one.example");
      await put({ bundle: two.bundle }, "two.example");
      const aud = room.deps.issuer;
      const now = room.deps.clock.now();
      await jwtSvid(room.deps, jwtSvidBy(one, { sub: "spiffe://one.example/x", aud, now }));
      const crossed = [
        jwtSvidBy(one, { sub: "spiffe://two.example/x", aud, now }),
        jwtSvidBy(one, { sub: "spiffe://two.example/x", aud, now }, { kid: "b" }),
        jwtSvidBy(two, { sub: "spiffe://one.example/x", aud, now }, { kid: "a" }),
      ];
      for (const svid of crossed)
        await assert.rejects(jwtSvid(room.deps, svid), { name: "VerificationError" });
      await put({ bundle: { keys: [] } }, "one.example");
      await assert.rejects(jwtSvid(room.deps, jwtSvidBy(one, { sub: "spiffe://one.example/x", aud, now })), {
        code: "unknown-key",
      });
    });
  });

  describe("a bundle that is fetched", () => {
    const refresh = async (chore: BundleRefresh) => {
      room.deps.clock.advance(minutes(6));
      await chore.run();
    };
    const standing = async () =>
      (await domainNamed(room.deps.database, "web.example"))?.document as Authority["bundle"];
    let newer: Authority;
    let chore: BundleRefresh;
    before(async () => {
      newer = await openAuthority("web.example");
      chore = new BundleRefresh(room.deps);
      web.said.body = JSON.stringify(partner.bundle);
      await put({ endpoint: web.url }, "web.example");
    });

    test("counts from the moment in which it was registered, or nothing is registered", async () => {
      assert.deepEqual(await standing(), partner.bundle);
      assert.equal(await codeOf(put({ endpoint: "http://localhost:1/" }, "away.example")), "unavailable");
      assert.equal(await domainNamed(room.deps.database, "away.example"), undefined);
    });

    test("is fetched as often as it says, and no more", async () => {
      await chore.run();
      const asked = web.said.asked;
      await chore.run();
      assert.equal(web.said.asked, asked);
      await refresh(chore);
      assert.equal(web.said.asked, asked + 1);
    });

    test("is replaced by a newer one, on record", async () => {
      web.said.body = JSON.stringify({ ...newer.bundle, spiffe_sequence: 7 });
      await refresh(chore);
      assert.equal((await standing()).spiffe_sequence, 7);
      const [event] = await eventsOf("trust-bundle.refreshed");
      assert.deepEqual([event.body.trust_domain, event.body.sequence], ["web.example", 7]);
    });

    test("never goes back, and is never replaced by what cannot be read: an alarm, once", async () => {
      const keeps = async (body: string, why: string) => {
        web.said.body = body;
        await refresh(chore);
        await refresh(chore);
        assert.equal((await standing()).spiffe_sequence, 7);
        const alarms = (await eventsOf("trust-bundle.refused")).filter((event) => event.body.why === why);
        assert.equal(alarms.length, 1);
      };
      await keeps(JSON.stringify({ ...partner.bundle, spiffe_sequence: 6 }), "older");
      await keeps('{"keys": "none"}', "unreadable");
    });

    test("stays as it is while the endpoint does not answer", async () => {
      web.said.status = 500;
      await refresh(chore);
      assert.equal((await standing()).spiffe_sequence, 7);
    });
  });

  describe("whom foreign workloads stand for", () => {
    const register = (id: string, stands: object = { agent: "planner" }, trustDomain = NAME) =>
      registerWorkload(room.deps, room.ada.caller, { trustDomain, registration: { id, ...stands } });

    test("is said once for each SPIFFE ID or beginning, and on record", async () => {
      const workload = await register("spiffe://partner.example/ns/a/");
      assert.equal((await register("spiffe://partner.example/ns/a/")).id, workload.id);
      assert.equal(await codeOf(register("spiffe://partner.example/ns/a/", { agent: "writer" })), "exists");
      const [event] = await eventsOf("workload.registered");
      assert.deepEqual(
        [event.about.agent, event.body.spiffe_id],
        ["planner", "spiffe://partner.example/ns/a/"],
      );
    });

    test("is refused for a whole trust domain, for our own, for another one's, and for nobody", async () => {
      const wrong: [string, object?, string?][] = [
        ["spiffe://partner.example"],
        ["spiffe://partner.example/"],
        ["spiffe://partner.example//"],
        ["spiffe://partner.example/ns/*"],
        ["spiffe://other.example/x"],
        ["https://partner.example/x"],
        ["spiffe://partner.example/x", {}],
        ["spiffe://partner.example/x", { agent: "planner", service: room.desk.service.id }],
      ];
      for (const [id, stands] of wrong) assert.equal(await codeOf(register(id, stands)), "invalid", id);
      assert.equal(await codeOf(register("spiffe://partner.example/x", { agent: "nobody" })), "not-found");
      assert.equal(await codeOf(register("spiffe://nowhere.example/x", {}, "nowhere.example")), "invalid");
      const ours = await openAuthority("acme.example");
      await put({ bundle: ours.bundle }, "acme.example");
      assert.equal(
        await codeOf(register("spiffe://acme.example/agent/x/y", undefined, "acme.example")),
        "invalid",
      );
      const stranger = {
        trustDomain: NAME,
        registration: { id: "spiffe://partner.example/z", agent: "planner" },
      };
      assert.equal(await codeOf(registerWorkload(room.deps, room.pat.caller, stranger)), "forbidden");
    });

    test("ends with its removal and with its trust domain's, and only under that", async () => {
      const { deps, ada } = room;
      const id = "spiffe://partner.example/ns/gone";
      await register(id, { service: room.desk.service.id });
      assert.equal(
        await codeOf(removeWorkload(deps, ada.caller, { trustDomain: "one.example", id })),
        "not-found",
      );
      await removeWorkload(deps, ada.caller, { trustDomain: NAME, id });
      assert.equal(await codeOf(removeWorkload(deps, ada.caller, { trustDomain: NAME, id })), "not-found");
      await register(id);
      assert.equal(await codeOf(removeTrustDomain(deps, room.pat.caller, { name: NAME })), "forbidden");
      await removeTrustDomain(deps, ada.caller, { name: NAME });
      assert.deepEqual(await workloadsRegisteredAs(deps.database, [id]), []);
      assert.equal(await codeOf(removeTrustDomain(deps, ada.caller, { name: NAME })), "not-found");
    });
  });
});
