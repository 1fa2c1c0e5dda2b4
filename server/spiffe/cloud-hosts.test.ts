import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import { certify, TEST_EPOCH } from "../../proof/svid/test-authority.ts";
import {
  endHost,
  findHost,
  type Host,
  hostRenew,
  joinHost,
  machineTrustPut,
  machineTrustRemove,
} from "../attestation/index.ts";
import { envelopeOf, instanceIdentity, rsaSigner } from "../attestation/platforms/test-cloud.ts";
import { onSqlite } from "../audit/test-databases.ts";
import { Fault } from "../lib/index.ts";
import { eventsOf } from "../registry/test-registry.ts";
import { deadAmong } from "../revocation/index.ts";
import { freshKey, type Hosts, hostCallerOf, openHosts, stranger } from "./test-hosts.ts";

const refusal = (reason: string) => (error: unknown) =>
  error instanceof Fault && error.members.reason === reason;

/** Puts the trust in AWS, and answers how it is put otherwise. */
async function trustAws({ deps, administrator }: Hosts, regions: object) {
  const { body: said } = machineTrustPut;
  const put = (accounts = ["123456789012"]) =>
    machineTrustPut.handle(deps, administrator, {
      params: { type: "aws" },
      body: said?.parse({ type: "aws", accounts, regions }),
    } as never);
  const remove = () => machineTrustRemove.handle(deps, administrator, { params: { type: "aws" } } as never);
  await put();
  return { put, remove };
}

const long = { notAfter: TEST_EPOCH + 1_000 * 3_600_000 };

/** An installation that trusts a cloud, and a machine of it that joins with a key of its own. */
async function cloud() {
  const house = await openHosts(onSqlite());
  after(() => house.close());
  const { deps } = house;
  deps.clock.set(TEST_EPOCH);
  const root = await certify(undefined, { authority: true, subject: "CN=Cloud", ...long });
  const region = await rsaSigner(root, { subject: "CN=region", ...long });
  const trust = await trustAws(house, { "eu-central-1": region.pem });
  const payload: Json = { rsa2048: envelopeOf(instanceIdentity(), region) };

  const joining = (key = freshKey()) => {
    const token_hash = sha256Base64url(canonicalize({ type: "aws", payload }));
    const claims = { aud: deps.issuer, token_hash, iat: Math.floor(TEST_EPOCH / 1000), jti: randomUUID() };
    const attackerProof = signCompact({ header: { typ: "host-join+jwt" }, payload: claims, key });
    const attackerJwk = publicJwkOf(key) as Json;
    return { type: "aws" as const, attackerPayload: payload, attackerJwk, attackerProof };
  };
  return { ...house, trust, joining };
}

/** The machine asks for another key, by the one that it has. */
async function renew({ deps }: Hosts, host: Host): Promise<Host> {
  const key = freshKey();
  const aud = deps.issuer;
  const iat = Math.floor(deps.clock.now() / 1000);
  const claims = { aud, token_hash: sha256Base64url(host.id), iat, jti: randomUUID() };
  const proof = signCompact({ header: { typ: "host-key+jwt" }, payload: claims, key });
  await hostRenew.handle(deps, hostCallerOf(host), { body: { jwk: publicJwkOf(key), proof } } as never);
  const renewed = await findHost(deps, host.name);
  assert.ok(renewed);
  return renewed;
}

test("a cloud's document lets its machine in once: a copy of it is refused and alarmed, until an administrator says again", async () => {
  const house = await cloud();
  const { deps, administrator, joining } = house;
  const host = await joinHost(deps, stranger, joining());
  assert.ok(host.selectors.includes("aws:account_id:123456789012"));
  assert.ok(host.selectors.includes("host:type:aws"));
  await assert.rejects(joinHost(deps, stranger, joining()), refusal("attested-before"));
  const [alarm] = await eventsOf(house, "host.cloned");
  assert.deepEqual([alarm?.severity, (alarm?.body as { id: string }).id], ["alarm", host.id]);
  assert.ok(
    (await eventsOf(house, "attestation.refused")).some(
      ({ body }) => (body as { reason: string }).reason === "attested-before",
    ),
  );
  assert.deepEqual(await deadAmong(deps, [`host:${host.id}`]), [], "the one that was first goes on");

  await endHost(deps, administrator, { name: host.name });
  await assert.rejects(
    joinHost(deps, stranger, joining()),
    refusal("attested-before"),
    "ended is not set up anew",
  );
  await endHost(deps, administrator, { name: host.name, again: true });
  assert.notEqual((await joinHost(deps, stranger, joining())).id, host.id);

  // A person's token does not take the place of a machine that a cloud vouches for.
  await assert.rejects(house.machine(host.name), refusal("name-of-another"));
});

test("a machine renews its key only while what was said about its surroundings stands; then it joins anew", async () => {
  const house = await cloud();
  const { deps, administrator, trust, joining } = house;
  const joined = async (again = false) => {
    if (again) await endHost(deps, administrator, { name: host.name, again });
    return joinHost(deps, stranger, joining());
  };
  let host = await joined();
  host = await renew(house, host);
  await trust.put();
  host = await renew(house, host);

  await trust.put(["123456789012", "210987654321"]);
  await assert.rejects(renew(house, host), refusal("host-trust-changed"));
  host = await renew(house, await joined(true));

  await trust.remove();
  await assert.rejects(renew(house, host), refusal("host-trust-changed"));
  await trust.put();
  await trust.put(["123456789012", "210987654321"]);
  await assert.rejects(renew(house, host), refusal("host-trust-changed"), "said again, it is another word");

  // A token was an administrator's own word, about this machine alone.
  await renew(house, (await house.machine("build-7")).host);
});
