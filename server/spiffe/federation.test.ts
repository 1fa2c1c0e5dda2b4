import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { request } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Server as TlsServer } from "node:tls";
import type { JsonObject } from "@countersign/proof/jcs";
import { forEachEngine, type TestEngine } from "../audit/test-databases.ts";
import { codeOf, fault, migrations, openCompany } from "../delegation/fixture.ts";
import { buildServer, serveWith } from "../http/index.ts";
import { keepKeysFresh, type RotationDeps } from "../keys/index.ts";
import { hours, minutes, nobody } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import {
  BundleCache,
  BundleRefresh,
  issueServerSvid,
  issueX509Svid,
  OwnAuthority,
  ownTrustBundle,
  putTrustDomain,
  removeTrustDomain,
  SvidRenewal,
  serverId,
  spiffeMigrations,
  unpublish,
  x509Svid,
} from "./index.ts";
import { publishedDocument } from "./own-bundle.ts";

/** An installation that serves its bundle over TLS with an SVID of its own. */
async function openInstallation(engine: TestEngine, trustDomain: string) {
  const port = await freePort();
  const issuer = `https://localhost:${port}`;
  const room = await openCompany(engine, [...migrations, ...spiffeMigrations], {
    trustDomain,
    bundles: new BundleCache(),
    authority: new OwnAuthority(),
    outbound: { local: false },
  });
  const { deps } = room;
  const row = {
    method: "GET",
    path: "/spiffe/bundle",
    route: ownTrustBundle,
    who: ["anyone"],
    rate: "read",
    audit: "trust-bundle.read",
  } as const;
  const gate = { authenticate: () => nobody("127.0.0.1"), admit() {}, refused: async () => {} };
  const tls = await issueServerSvid(deps);
  const server = buildServer(deps, [row], gate, { issuer: new URL(issuer), tls });
  await server.listen({ port, host: "127.0.0.1" });
  const rotation: RotationDeps = {
    ...deps,
    withdraw: (change, caller, kid) => revoke(deps, change, caller, [`kid:${kid}`], "key withdrawn"),
    unpublish: (change, caller, key) => unpublish(deps, change, caller, key),
  };
  const chainOf = async (id: string) => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
    return (await issueX509Svid(deps, { id, spki, expires: deps.clock.now() + hours(1) })).chain;
  };
  return {
    ...room,
    tls: server.server as unknown as TlsServer,
    svid: tls,
    rotation,
    chainOf,
    port,
    url: `${issuer}/spiffe/bundle`,
    put: (name: string, definition: object) =>
      putTrustDomain(deps, room.ada.caller, { name, definition: definition as never }),
    close: async () => {
      await server.close();
      await room.close();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

type Installation = Awaited<ReturnType<typeof openInstallation>>;

const federates = async (one: Installation, other: Installation, more: object = {}) =>
  one.put(other.deps.trustDomain, {
    endpoint: other.url,
    endpoint_spiffe_id: serverId(other.deps),
    bundle: await publishedDocument(other.deps),
    ...more,
  });

const WORKLOAD = "agent/planner/copy-1";
const accepts = async (one: Installation, other: Installation): Promise<boolean> => {
  const chain = await other.chainOf(`spiffe://${other.deps.trustDomain}/${WORKLOAD}`);
  try {
    await x509Svid(one.deps, chain);
    return true;
  } catch {
    return false;
  }
};

forEachEngine((engine) => {
  let one: Installation;
  let two: Installation;
  let three: Installation;
  before(async () => {
    [one, two, three] = (await Promise.all(
      ["one.example", "two.example", "three.example"].map((name) => openInstallation(engine, name)),
    )) as [Installation, Installation, Installation];
  });
  after(() => Promise.all([one.close(), two.close(), three.close()]));

  describe("two installations that federate by https_spiffe", () => {
    test("accept each other's SVIDs while they do, each by itself and not before", async () => {
      assert.deepEqual([await accepts(one, two), await accepts(two, one)], [false, false]);
      await federates(one, two);
      assert.deepEqual([await accepts(one, two), await accepts(two, one)], [true, false]);
      await federates(two, one);
      assert.deepEqual([await accepts(one, two), await accepts(two, one)], [true, true]);
      await removeTrustDomain(one.deps, one.ada.caller, { name: "two.example" });
      assert.deepEqual([await accepts(one, two), await accepts(two, one)], [false, true]);
    });

    test("follow each other's keys for weeks from the one bundle that was handed over", async () => {
      await federates(one, two);
      const chore = new BundleRefresh(one.deps);
      const renewal = new SvidRenewal(two.deps, two.svid, (svid) => serveWith(two.tls, svid));
      const began = JSON.stringify(await publishedDocument(two.deps));
      for (let day = 0; day < 16; day++) {
        for (const { deps } of [one, two]) deps.clock.advance(hours(24));
        for (const { rotation } of [one, two]) await keepKeysFresh(rotation);
        await two.deps.authority.records(two.deps);
        await renewal.look();
        await chore.run();
        assert.ok(await accepts(one, two), `day ${day}`);
      }
      const now = await publishedDocument(two.deps);
      const kept = (now.keys as JsonObject[]).filter((key) => began.includes(String(key.x)));
      assert.equal(kept.length, 0);
    });

    test("take a bundle from nobody but the endpoint that was named, though their trust domain has signed for it", async () => {
      three.deps.clock.set(one.deps.clock.now());
      await keepKeysFresh(three.rotation);
      serveWith(three.tls, await issueServerSvid(three.deps));
      await federates(one, three);
      await removeTrustDomain(one.deps, one.ada.caller, { name: "three.example" });
      const bundle = await publishedDocument(three.deps);
      const stored = async () =>
        (await fault(removeTrustDomain(one.deps, one.ada.caller, { name: "three.example" }))).code;
      const refused: [object, string][] = [
        [{ endpoint_spiffe_id: "spiffe://three.example/agent/planner/copy-1" }, "unavailable"],
        [{ endpoint: two.url }, "unavailable"],
        [{ bundle: await publishedDocument(two.deps) }, "unavailable"],
        [{ bundle: { keys: [] } }, "unavailable"],
        [{ bundle: undefined }, "invalid"],
        [{ endpoint_spiffe_id: "spiffe://unheard.example/server" }, "invalid"],
        [{ endpoint_spiffe_id: "spiffe://three.example" }, "invalid"],
        [{ endpoint_spiffe_id: "three.example/server" }, "invalid"],
        [{ endpoint: three.url.replace("https:", "http:") }, "invalid"],
        [{ endpoint: undefined }, "invalid"],
        // By the Web's authorities it is nobody.
        [{ endpoint_spiffe_id: undefined, bundle: undefined }, "unavailable"],
      ];
      for (const [more, code] of refused) {
        const attempt = { endpoint: three.url, endpoint_spiffe_id: serverId(three.deps), bundle, ...more };
        const said = Object.fromEntries(Object.entries(attempt).filter(([, value]) => value !== undefined));
        assert.equal(await codeOf(one.put("three.example", said)), code, JSON.stringify(more));
        assert.equal(await stored(), "not-found");
      }
    });

    test("may fetch a bundle from an endpoint of another trust domain, judged by that one's bundle alone", async () => {
      await federates(one, two);
      // Two serves its own bundle: whoever is told that it is three's believes two's keys to be three's.
      const definition = { endpoint: two.url, endpoint_spiffe_id: serverId(two.deps) };
      await one.put("third-party.example", definition);
      const chain = await two.chainOf(`spiffe://two.example/${WORKLOAD}`);
      assert.equal((await x509Svid(one.deps, chain)).id.trustDomain, "two.example");
      await removeTrustDomain(one.deps, one.ada.caller, { name: "two.example" });
      one.deps.clock.advance(minutes(10));
      await new BundleRefresh(one.deps).run();
      await assert.rejects(x509Svid(one.deps, chain));
    });
  });

  test("the bundle is given to anybody, and only once to who has it", async () => {
    const first = await ask(one.port, {});
    assert.equal(first.status, 200);
    assert.match(first.type ?? "", /^application\/json/);
    assert.deepEqual(first.body, await publishedDocument(one.deps));
    const etag = first.etag ?? "";
    assert.equal((await ask(one.port, { "if-none-match": etag })).status, 304);
    assert.equal((await ask(one.port, { "if-none-match": '"0"' })).status, 200);
  });
});

function ask(port: number, headers: Record<string, string>) {
  return new Promise<{ status?: number; type?: string; etag?: string; body?: unknown }>((resolve, reject) => {
    const url = `https://localhost:${port}/spiffe/bundle`;
    request(url, { headers, rejectUnauthorized: false, agent: false }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const { "content-type": type, etag } = answer.headers;
      resolve({
        status: answer.statusCode ?? 0,
        ...(type === undefined ? {} : { type }),
        ...(etag === undefined ? {} : { etag }),
        ...(text === "" ? {} : { body: JSON.parse(text) }),
      });
    })
      .on("error", reject)
      .end();
  });
}
