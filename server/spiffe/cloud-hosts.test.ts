import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { signCompact } from "@countersign/proof/jws";
import { certify, TEST_EPOCH } from "../../proof/svid/test-authority.ts";
import { endHost, joinHost, machineTrustPut } from "../attestation/index.ts";
import { envelopeOf, instanceIdentity, rsaSigner } from "../attestation/platforms/test-cloud.ts";
import { onSqlite } from "../audit/test-databases.ts";
import { Fault } from "../lib/index.ts";
import { eventsOf } from "../registry/test-registry.ts";
import { deadAmong } from "../revocation/index.ts";
import { freshKey, openHosts, stranger } from "./test-hosts.ts";

const refusal = (reason: string) => (error: unknown) =>
  error instanceof Fault && error.members.reason === reason;

const long = { notAfter: TEST_EPOCH + 1_000 * 3_600_000 };

test("a cloud's document lets its machine in once: a copy of it is refused and alarmed, until an administrator says again", async () => {
  const house = await openHosts(onSqlite());
  after(() => house.close());
  const { deps, administrator } = house;
  deps.clock.set(TEST_EPOCH);
  const root = await certify(undefined, { authority: true, subject: "CN=Cloud", ...long });
  const region = await rsaSigner(root, { subject: "CN=region", ...long });
  const { body: said } = machineTrustPut;
  await machineTrustPut.handle(deps, administrator, {
    params: { type: "aws" },
    body: said?.parse({ type: "aws", accounts: ["123456789012"], regions: { "eu-central-1": region.pem } }),
  } as never);
  const payload: Json = { rsa2048: envelopeOf(instanceIdentity(), region) };

  const joining = (key = freshKey()) => {
    const token_hash = sha256Base64url(canonicalize({ type: "aws", payload }));
    const claims = { aud: deps.issuer, token_hash, iat: Math.floor(TEST_EPOCH / 1000), jti: randomUUID() };
    const attackerProof = signCompact({ header: { typ: "host-join+jwt" }, payload: claims, key });
    const attackerJwk = publicJwkOf(key) as Json;
    return { type: "aws" as const, attackerPayload: payload, attackerJwk, attackerProof };
  };

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
