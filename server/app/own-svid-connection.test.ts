import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { after, before, it } from "node:test";
import { certify } from "../../proof/svid/test-authority.ts";
import { attestationMigrations, endHost, issueJoinToken, joinHost, putEntry } from "../attestation/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, migrations, openCompany } from "../delegation/fixture.ts";
import { type PeerKey, peerKeyIn } from "../http/index.ts";
import { minutes, systemClock } from "../lib/index.ts";
import { stranger } from "../login/fixture.ts";
import { ProviderKeys } from "../login/index.ts";
import { endInstance } from "../registry/index.ts";
import {
  attestProcesses,
  BundleCache,
  issueX509Svid,
  OwnAuthority,
  ownX509Svid,
  spiffeMigrations,
} from "../spiffe/index.ts";
import { asking, freshKey, hostCallerOf, joining, ON_BUILD, PLANNER } from "../spiffe/test-hosts.ts";
import { CertificateCallers } from "./authenticate-certificate.ts";

const SOURCE = "192.0.2.1";

forEachEngine((engine) => {
  const open = () =>
    openCompany(engine, [...migrations, ...attestationMigrations, ...spiffeMigrations], {
      bundles: new BundleCache(),
      authority: new OwnAuthority(),
      outbound: { local: true },
      providerKeys: new ProviderKeys({ clock: systemClock, outbound: { local: true } }),
    });
  let room: Awaited<ReturnType<typeof open>>;
  let callers: CertificateCallers;
  before(async () => {
    room = await open();
    callers = new CertificateCallers(room.deps, async (chain) => {
      const svid = await ownX509Svid(room.deps, chain);
      return svid && { id: svid.id.uri, expires: svid.expires };
    });
  });
  after(async () => {
    callers.close();
    await room.close();
  });

  const peerOf = async (id: string): Promise<PeerKey> => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
    const expires = room.deps.clock.now() + minutes(10);
    const peer = peerKeyIn((await issueX509Svid(room.deps, { id, spki, expires })).chain);
    assert.ok(peer);
    return peer;
  };
  const callerOf = async (peer: PeerKey) => callers.caller(peer, SOURCE);

  it("a service is known by the SVID that we issued to it, with the key that it proves; an agent asks for a token first", async () => {
    const peer = await peerOf(room.desk.instance.id);
    const { kind, principal, instance, keyThumbprint } = await callerOf(peer);
    assert.deepEqual(
      [kind, principal, instance, keyThumbprint],
      ["service", room.desk.service.id, room.desk.instance.id, peer.thumbprint],
    );
    assert.equal((await callerOf(await peerOf(room.planner.instance.id))).kind, "nobody");
    assert.equal((await callerOf(await peerOf("spiffe://acme.example/host/one"))).kind, "nobody");
  });

  it("another authority's certificate with its name says nothing", async () => {
    const root = await certify(undefined, { authority: true, subject: "O=Countersign" });
    const forged = peerKeyIn([(await certify(root, { uris: [room.desk.instance.id] })).der]);
    assert.ok(forged);
    assert.equal((await callerOf(forged)).kind, "nobody");
  });

  it("an SVID that has expired, or whose copy has ended, is refused and never taken for nothing", async () => {
    const { clock } = room.deps;
    const peer = await peerOf(room.desk.instance.id);
    await callerOf(peer);
    clock.advance(minutes(11));
    assert.equal(await codeOf(callerOf(peer)), "unauthenticated");
    const fresh = await peerOf(room.desk.instance.id);
    await endInstance(room.deps, room.ada.caller, { id: room.desk.instance.id, reason: "test" } as never);
    assert.equal(await codeOf(callerOf(fresh)), "unauthenticated");
  });

  it("an SVID of a service that a machine attests is refused once that machine has ended; until then what it lets exist rests on it", async () => {
    const { deps, ada, desk } = room;
    const place = { kind: "service", principal: desk.service.id, name: "main" } as const;
    const said = { selectors: PLANNER, hosts: ON_BUILD };
    const entry = await putEntry(deps, ada.caller, { place, said });
    const { token } = await issueJoinToken(deps, ada.caller, { host: "one" });
    const host = await joinHost(deps, stranger, joining(deps, { token }, freshKey()));
    const [answer] = await attestProcesses(deps, hostCallerOf(host), [asking(entry.id, freshKey())]);
    if (answer === undefined || "refused" in answer) assert.fail(JSON.stringify(answer));
    const peer = await peerOf(answer.instance);
    assert.deepEqual((await callerOf(peer)).rests, [`host:${host.id}`, `workload:${entry.id}`]);
    await endHost(deps, ada.caller, { name: host.name });
    assert.equal(await codeOf(callerOf(await peerOf(answer.instance))), "unauthenticated");
  });
});
