import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { endHost, issueJoinToken, joinHost, putEntry, removeEntry } from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, fault } from "../delegation/fixture.ts";
import { peerKeyIn } from "../http/index.ts";
import { type RotationDeps, rotateKeys } from "../keys/index.ts";
import { minutes, system } from "../lib/index.ts";
import { issuer, stranger } from "../login/fixture.ts";
import { endInstance, findInstance } from "../registry/index.ts";
import { revoke } from "../revocation/index.ts";
import { attestProcesses, issueJwtSvid, issueX509Svid, unpublish } from "../spiffe/index.ts";
import { asking, hostCallerOf, joining, ON_BUILD, PLANNER } from "../spiffe/test-hosts.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { claimsIn, requestTo } from "./fixture.ts";
import { newKey, openTrusting, own, SAME_WORDS, type Trusting } from "./svid-fixture.ts";
import { issueToken } from "./token.ts";

forEachEngine((engine) => {
  let room: Trusting;
  before(async () => {
    room = await openTrusting(engine);
  });
  after(() => room.close());

  const jwtFor = async (id: string, audience = [issuer]) =>
    (await issueJwtSvid(room.deps, { id, audience, expires: room.deps.clock.now() + minutes(5) })).svid;
  /** As our own authority would sign it, but without an id. */
  const nameless = async (id: string) => {
    const { signer } = await room.deps.authority.signer(room.deps, "jwt-svid");
    const iat = Math.floor(room.deps.clock.now() / 1000);
    const header = { alg: "ES256", kid: signer.kid, typ: "JWT" };
    const claims = { iss: issuer, sub: id, aud: [issuer], iat, exp: iat + 300 };
    const signed = [header, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    return `${signed}.${Buffer.from(await signer.sign(Buffer.from(signed))).toString("base64url")}`;
  };
  const chainFor = async (id: string, key = newKey()) => {
    const spki = generatePublic(key);
    const expires = room.deps.clock.now() + minutes(30);
    return (await issueX509Svid(room.deps, { id, spki, expires })).chain;
  };
  const connect = (id: string, chain: readonly Uint8Array[], headers: Record<string, string> = {}) =>
    issueToken(room.deps, stranger, {
      form: { ...own, client_id: id },
      request: { ...requestTo("/oauth/token", headers), peer: peerKeyIn(chain) },
    });
  const callUs = (token: string, chain: readonly Uint8Array[]) =>
    authenticateToken(room.deps, {
      ...requestTo("/tasks", { authorization: `Bearer ${token}` }, "GET"),
      peer: peerKeyIn(chain),
    });

  describe("an SVID of our own authority", () => {
    test("names a running copy that is on record, which stays as it is there; the token is bound to the proof's key", async () => {
      const { instance } = room.planner;
      const key = newKey();
      const answered = await room.withJwt(await jwtFor(instance.id), room.dpopBy(key));
      const claims = claimsIn(answered);
      assert.deepEqual(
        [claims.client_id, claims.strength, claims.cnf],
        [instance.id, instance.strength, { jkt: thumbprint(publicJwkOf(key)) }],
      );
      assert.deepEqual(await findInstance(room.deps, instance.id), instance);
      const active = room.deps.keys.authority("jwt-svid").kid;
      assert.ok((claims.rev as string[]).includes(`kid:${active}`));
      assert.ok((claims.rev as string[]).includes(`instance:${instance.id}`));
    });

    test("that is a JWT-SVID counts once, whatever key comes with it; one without an id counts never", async () => {
      const { id } = room.planner.instance;
      const [svid, key] = [await jwtFor(id), newKey()];
      assert.equal(await codeOf(room.withJwt(svid, undefined)), "invalid-dpop-proof");
      const outcomes = await Promise.allSettled(
        [key, newKey(), newKey()].map((each) => room.withJwt(svid, room.dpopBy(each))),
      );
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
      for (const each of [key, newKey()])
        assert.equal(await codeOf(room.withJwt(svid, room.dpopBy(each))), "invalid-client");
      assert.equal(await codeOf(room.withJwt(await nameless(id), room.dpopBy(key))), "invalid-client");
    });

    test("as the certificate of a connection makes a token bound to it, or to the key of a DPoP proof", async () => {
      const { id } = room.writer.instance;
      const chain = await chainFor(id);
      const answered = await connect(id, chain);
      assert.deepEqual(claimsIn(answered).cnf, { "x5t#S256": peerKeyIn(chain)?.certificate });
      assert.equal((await callUs(answered.access_token, chain)).instance, id);
      assert.equal(await codeOf(callUs(answered.access_token, await chainFor(id))), "unauthenticated");
      const key = newKey();
      const bound = await connect(id, await chainFor(id), { dpop: room.dpopBy(key) });
      assert.deepEqual(claimsIn(bound).cnf, { jkt: thumbprint(publicJwkOf(key)) });
    });

    test("is worth nothing for who is not on record, for another's name or audience, or without a proof, in the same words", async () => {
      const { id } = room.planner.instance;
      const unknown = "spiffe://acme.example/agent/planner/never-enrolled";
      const attempts = [
        async () => room.withJwt(await jwtFor(unknown), room.dpopBy(newKey())),
        async () => room.withJwt(await jwtFor("spiffe://acme.example/host/one"), room.dpopBy(newKey())),
        async () => room.withJwt(await jwtFor(id, ["https://reports.example"]), room.dpopBy(newKey())),
        async () =>
          room.withJwt(await jwtFor(id, [issuer, "https://reports.example"]), room.dpopBy(newKey())),
        async () => connect(unknown, await chainFor(unknown)),
        async () => connect(id, await chainFor(room.writer.instance.id)),
        async () => connect(room.desk.instance.id, await chainFor(id)),
      ];
      for (const attempt of attempts) {
        const { code, message } = await fault(attempt());
        assert.deepEqual([code, message], ["invalid-client", SAME_WORDS]);
      }
      assert.equal(await codeOf(room.withJwt(await jwtFor(id), undefined)), "invalid-dpop-proof");
      assert.equal(await findInstance(room.deps, unknown), undefined);
    });

    test("cannot be stood in for by another authority of the same trust domain, which vouches for copies of its own alone", async () => {
      const { id } = room.planner.instance;
      assert.equal(await codeOf(room.withJwt(room.svidOf(id), room.dpopBy(newKey()))), "invalid-client");
      const kid = room.deps.keys.authority("jwt-svid").kid;
      const forged = room.svidOf(id, { by: { ...room.acme, kid } });
      assert.equal(await codeOf(room.withJwt(forged, room.dpopBy(newKey()))), "invalid-client");
      assert.equal(
        await codeOf(connect(id, [(await room.leafFor(id)).der, room.acme.root.der])),
        "invalid-client",
      );
    });

    test("of a copy that has ended is refused at once, and what was issued on it is dead", async () => {
      const { instance } = room.publisher;
      const [svid, chain] = [await jwtFor(instance.id), await chainFor(instance.id)];
      const { access_token } = await connect(instance.id, chain);
      await endInstance(room.deps, room.ada.caller, { id: instance.id, reason: "test" } as never);
      assert.equal(await codeOf(room.withJwt(svid, room.dpopBy(newKey()))), "invalid-client");
      assert.equal(await codeOf(connect(instance.id, chain)), "invalid-client");
      assert.equal(await codeOf(callUs(access_token, chain)), "unauthenticated");
    });

    test("is worth nothing once the copy's own time is over, however fresh it is", async () => {
      const { instance } = room.planner;
      const { clock } = room.deps;
      const began = clock.now();
      clock.set(instance.expires - 1_000);
      assert.ok((await room.withJwt(await jwtFor(instance.id), room.dpopBy(newKey()))).access_token);
      clock.set(instance.expires);
      const late = room.withJwt(await jwtFor(instance.id), room.dpopBy(newKey()));
      assert.equal(await codeOf(late), "invalid-client");
      clock.set(began);
    });

    test("dies with the key that signed it, and so does every token that was issued on it", async () => {
      const { id } = room.writer.instance;
      const [svid, chain] = [await jwtFor(id), await chainFor(id)];
      const { access_token } = await connect(id, chain);
      const { deps } = room;
      const rotation: RotationDeps = {
        ...deps,
        withdraw: (change, caller, kid) => revoke(deps, change, caller, [`kid:${kid}`], "key withdrawn"),
        unpublish: (change, caller, key) => unpublish(deps, change, caller, key),
      };
      for (const purpose of ["x509-authority", "jwt-svid"] as const)
        await rotateKeys(rotation, system, { purpose, emergency: true });
      assert.equal(await codeOf(room.withJwt(svid, room.dpopBy(newKey()))), "invalid-client");
      assert.equal(await codeOf(connect(id, chain)), "invalid-client");
      assert.equal(await codeOf(callUs(access_token, chain)), "unauthenticated");
      assert.ok((await connect(id, await chainFor(id))).access_token);
    });
  });

  describe("an SVID of a copy that a host attests", () => {
    const place = { kind: "agent", principal: "planner", name: "main" } as const;
    const declare = (more: readonly string[] = []) =>
      putEntry(room.deps, room.ada.caller, {
        place,
        said: { selectors: [...PLANNER, ...more], hosts: [...ON_BUILD] },
      });
    let machines = 0;

    /** A process on a machine of its own, and a token on each kind of its SVIDs. */
    async function attested(entry: string) {
      const { deps, ada } = room;
      machines += 1;
      const { token } = await issueJoinToken(deps, ada.caller, { host: `machine-${machines}` });
      const host = await joinHost(deps, stranger, joining(deps, { token }, newKey()));
      const key = newKey();
      const [answer] = await attestProcesses(deps, hostCallerOf(host), [asking(entry, key)]);
      if (answer === undefined || "refused" in answer) assert.fail(JSON.stringify(answer));
      const { instance } = answer;
      const chain = answer.chain.map((der) => Buffer.from(der, "base64"));
      const byJwt = await room.withJwt(await jwtFor(instance), room.dpopBy(key));
      const byCertificate = await connect(instance, chain);
      const calls = () => [
        () => room.callsUs(`DPoP ${byJwt.access_token}`, { dpop: room.dpopToUs(key, byJwt.access_token) }),
        () => callUs(byCertificate.access_token, chain),
      ];
      const asks = () => [
        async () => room.withJwt(await jwtFor(instance), room.dpopBy(key)),
        () => connect(instance, chain),
        () => connect(instance, chain, { dpop: room.dpopBy(newKey()) }),
      ];
      return { host, entry, instance, key, calls, asks, claims: claimsIn(byCertificate) };
    }
    type Attested = Awaited<ReturnType<typeof attested>>;

    const assertDead = async ({ calls, asks }: Attested) => {
      for (const call of calls()) assert.equal(await codeOf(call()), "unauthenticated");
      for (const attempt of asks()) assert.equal(await codeOf(attempt()), "invalid-client");
    };

    test("is worth nothing once that machine has ended, and neither is any token that was issued on it", async () => {
      const copy = await attested((await declare()).id);
      const [caller] = await Promise.all(copy.calls().map((call) => call()));
      const rests = [`host:${copy.host.id}`, `workload:${copy.entry}`];
      for (const key of rests) assert.ok((copy.claims.rev as string[]).includes(key), key);
      for (const key of rests) assert.ok(caller?.rests?.includes(key), key);
      await endHost(room.deps, room.ada.caller, { name: copy.host.name });
      await assertDead(copy);
    });

    test("is worth nothing once its entry was changed or removed, and neither is any token that was issued on it", async () => {
      const first = await attested((await declare()).id);
      const { id } = await declare(["unix:gid:1001"]);
      await assertDead(first);
      const second = await attested(id);
      await Promise.all(second.calls().map((call) => call()));
      await removeEntry(room.deps, room.ada.caller, place);
      await assertDead(second);
    });

    test("is worth nothing with a key that is dead, though the copy has another one now", async () => {
      const { deps, ada } = room;
      const copy = await attested((await declare()).id);
      const next = newKey();
      const again = asking(copy.entry, next, { instance: copy.instance });
      await attestProcesses(deps, hostCallerOf(copy.host), [again]);
      const dead = [`jkt:${thumbprint(publicJwkOf(copy.key))}`];
      await perform(deps, ada.caller, "revocation.order", async (change) =>
        revoke(deps, change, ada.caller, dead, "stolen"),
      );
      await assertDead(copy);
      const renewed = await room.withJwt(await jwtFor(copy.instance), room.dpopBy(next));
      assert.ok(renewed.access_token);
    });
  });
});

function generatePublic(key: ReturnType<typeof newKey>): Uint8Array {
  return createPublicKey(key).export({ format: "der", type: "spki" });
}
