import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Json } from "@countersign/proof/jcs";
import { parseBundle, verifyJwtSvid, verifyX509Svid } from "@countersign/proof/svid";
import { readCertificate } from "@countersign/proof/x509";
import { openAuthority } from "../../proof/svid/test-authority.ts";
import { findEvents, perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, fault, migrations, openCompany } from "../delegation/fixture.ts";
import { keepKeysFresh, openKeyRing, rotateKeys } from "../keys/index.ts";
import { hours, minutes, seconds, system } from "../lib/index.ts";
import { deadAmong, revoke } from "../revocation/index.ts";
import {
  BundleCache,
  bundlesForHosts,
  issueJwtSvid,
  issueX509Svid,
  jwtSvid,
  OwnAuthority,
  putTrustDomain,
  recordSvid,
  spiffeMigrations,
  unpublish,
  x509Svid,
} from "./index.ts";
import { publishedDocument } from "./own-bundle.ts";

const ID = "spiffe://acme.example/agent/planner/copy-1";
const newSpki = (): Uint8Array =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "der", type: "spki" });

forEachEngine((engine) => {
  const open = async () => {
    const room = await openCompany(engine, [...migrations, ...spiffeMigrations], {
      bundles: new BundleCache(),
      authority: new OwnAuthority(),
      outbound: { local: true },
    });
    const rotation: Parameters<typeof keepKeysFresh>[0] = {
      ...room.deps,
      withdraw: (change, caller, kid) => revoke(room.deps, change, caller, [`kid:${kid}`], "key withdrawn"),
      unpublish: (change, caller, key) => unpublish(room.deps, change, caller, key),
    };
    return { ...room, rotation };
  };
  let room: Awaited<ReturnType<typeof open>>;
  before(async () => {
    room = await open();
  });
  after(() => room.close());

  const now = () => room.deps.clock.now();
  const issue = (more: object = {}) =>
    issueX509Svid(room.deps, { id: ID, spki: newSpki(), expires: now() + hours(1), ...more });
  const issueJwt = (more: object = {}) =>
    issueJwtSvid(room.deps, { id: ID, audience: [room.deps.issuer], expires: now() + minutes(5), ...more });
  const bundle = async () => parseBundle((await publishedDocument(room.deps)) as Json);
  const eventsOf = async (type: string) =>
    (await findEvents(room.deps.database, { type, limit: 200 })).map(({ body }) => JSON.parse(body).body);

  describe("the bundle of our own trust domain", () => {
    test("moves its sequence exactly when its keys change: prepared ones are in it, destroyed ones are not, every server says the same", async () => {
      const own = await open();
      const { deps, rotation } = own;
      const told = async () => {
        const { spiffe_sequence: sequence, keys } = await publishedDocument(deps);
        return [sequence, (keys as unknown[]).length];
      };
      try {
        assert.deepEqual(await told(), [1, 2]);
        assert.deepEqual(await told(), [1, 2]);
        const other = {
          ...deps,
          keys: await openKeyRing(deps, deps.keys.folder),
          authority: new OwnAuthority(),
        };
        assert.deepEqual(await publishedDocument(other), await publishedDocument(deps));
        const { kid } = await rotateKeys(rotation, system, { purpose: "x509-authority" });
        deps.clock.advance(seconds(2));
        assert.deepEqual(await told(), [2, 3]);
        assert.notEqual(deps.keys.authority("x509-authority").kid, kid);
        deps.clock.advance(hours(56));
        assert.equal(deps.keys.authority("x509-authority").kid, kid);
        assert.equal(deps.keys.authorities("x509-authority").length, 2);
        assert.deepEqual(await publishedDocument(other), await publishedDocument(deps));
        deps.clock.advance(hours(28));
        await keepKeysFresh(rotation);
        // The old authority has left the bundle, and the next but one has come.
        assert.deepEqual(await told(), [4, 3]);
        const facts = (await findEvents(deps.database, { type: "trust-bundle.published", limit: 200 }))
          .length;
        assert.equal(facts, 4);
      } finally {
        await own.close();
      }
    });

    test("loses a key that was withdrawn in that very change, and what the key signed is dead here", async () => {
      const own = await open();
      const { deps, rotation } = own;
      try {
        const wanted = { id: ID, spki: newSpki(), expires: deps.clock.now() + hours(1) };
        const { chain } = await issueX509Svid(deps, wanted);
        const { svid } = await issueJwtSvid(deps, { ...wanted, audience: [deps.issuer] });
        const before = deps.keys.authority("x509-authority").kid;
        for (const purpose of ["x509-authority", "jwt-svid"] as const)
          await rotateKeys(rotation, system, { purpose, emergency: true });
        const { roots, jwtKeys } = parseBundle((await publishedDocument(deps)) as Json);
        assert.deepEqual([roots.length, jwtKeys.size], [1, 1]);
        await assert.rejects(x509Svid(deps, chain), { code: "unknown-key" });
        await assert.rejects(jwtSvid(deps, svid), { code: "unknown-key" });
        assert.deepEqual(await deadAmong(deps, [`kid:${before}`]), [`kid:${before}`]);
        assert.equal((await x509Svid(deps, (await issueX509Svid(deps, wanted)).chain)).own, true);
      } finally {
        await own.close();
      }
    });

    test("goes on by itself for a month with no hour in which nothing could be issued, even after two weeks of silence", async () => {
      const own = await open();
      const { deps, rotation } = own;
      const issued = () =>
        issueX509Svid(deps, { id: ID, spki: newSpki(), expires: deps.clock.now() + hours(1) });
      try {
        const authorities = new Set<string>();
        for (let hour = 0; hour < 24 * 30; hour += 7) {
          await keepKeysFresh(rotation);
          const { expires } = await issued();
          assert.equal(expires, deps.clock.now() + hours(1));
          authorities.add(deps.keys.authority("x509-authority").kid);
          deps.clock.advance(hours(7));
        }
        assert.ok(authorities.size >= 8 && authorities.size <= 9, String(authorities.size));
        deps.clock.advance(hours(24 * 14));
        await assert.rejects(issued(), { code: "gone" });
        await keepKeysFresh(rotation);
        assert.equal((await issued()).expires, deps.clock.now() + hours(1));
      } finally {
        await own.close();
      }
    });
  });

  describe("our own authority", () => {
    test("signs X.509-SVIDs that its bundle verifies, for an hour at most and a minute at least", async () => {
      const { chain, serial, expires } = await issue({ expires: now() + hours(9) });
      assert.equal(chain.length, 1);
      const leaf = readCertificate(chain[0] ?? new Uint8Array());
      const verified = verifyX509Svid(leaf, [], { bundle: await bundle(), now: now() });
      assert.deepEqual([verified.id.uri, verified.expires], [ID, now() + hours(1)]);
      assert.deepEqual([leaf.x509.serialNumber.toLowerCase(), expires], [serial, now() + hours(1)]);
      assert.equal(leaf.notBefore, now() - seconds(10));
      const short = await fault(issue({ expires: now() + seconds(30) }));
      assert.deepEqual([short.code, short.members.reason], ["gone", "svid-too-short"]);
      assert.equal(await codeOf(issue({ spki: newSpki().subarray(1) })), "invalid");
      for (const id of ["spiffe://acme.example", "spiffe://partner.example/agent/x/y", "planner"])
        assert.equal(await codeOf(issue({ id })), "invalid");
    });

    test("signs JWT-SVIDs with alg, kid and typ alone, for exactly whom was asked, for five minutes at most", async () => {
      const { svid, jti, expires } = await issueJwt({ expires: now() + hours(9) });
      const [header, claims] = svid
        .split(".", 2)
        .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
      assert.deepEqual(Object.keys(header), ["alg", "kid", "typ"]);
      const iat = Math.floor(now() / 1000);
      const { issuer } = room.deps;
      assert.deepEqual(claims, { iss: issuer, sub: ID, aud: [issuer], iat, exp: iat + 300, jti });
      assert.equal(expires, (iat + 300) * 1000);
      const expected = { bundle: await bundle(), audience: issuer, now: now() };
      assert.equal(verifyJwtSvid(svid, expected).id.uri, ID);
      const two = await issueJwt({ audience: ["one", "two"] });
      assert.throws(() => verifyJwtSvid(two.svid, { ...expected, audience: "one" }));
      assert.notEqual((await issueJwt()).svid, (await issueJwt()).svid);
      for (const audience of [[], [""], ["a", "a"], ["a\nb"], Array.from({ length: 11 }, String)])
        assert.equal(await codeOf(issueJwt({ audience })), "invalid");
      assert.equal(await codeOf(issueJwt({ expires: now() })), "gone");
    });

    test("is trusted here for its own alone: another's bundle verifies nothing of ours, nor ours of theirs", async () => {
      const partner = await openAuthority("partner.example");
      await putTrustDomain(room.deps, room.ada.caller, {
        name: "partner.example",
        definition: { bundle: partner.bundle as never },
      });
      const own = await issue();
      assert.equal((await x509Svid(room.deps, own.chain)).own, true);
      assert.equal((await jwtSvid(room.deps, (await issueJwt()).svid)).own, true);
      const bundles = await bundlesForHosts(room.deps);
      assert.deepEqual(Object.keys(bundles), ["acme.example", "partner.example"]);
      const leaf = readCertificate(own.chain[0] ?? new Uint8Array());
      const theirs = { bundle: parseBundle(bundles["partner.example"] ?? null), now: now() };
      assert.throws(() => verifyX509Svid(leaf, [], theirs), { code: "unknown-key" });
    });

    test("tells the log whom an SVID was for", async () => {
      const { serial, expires } = await issue();
      await perform(room.deps, system, "svid.issue", async (change) => {
        recordSvid(room.deps, change, system, { instance: ID, kind: "x509", serial, expires });
      });
      assert.deepEqual(await eventsOf("svid.issued"), [{ instance: ID, kind: "x509", serial, expires }]);
    });
  });
});
