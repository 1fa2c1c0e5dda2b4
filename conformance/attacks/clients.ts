/** Attacks on who a client is: algorithms, keys, audiences, times, proofs that come again. */
import { createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { clientAssertionType } from "@countersign/proof/client-assertion";
import type { JsonObject } from "@countersign/proof/jcs";
import { selfSignedDer } from "../../server/http/test-certificate.ts";
import type { Setting } from "../oauth/setting.ts";
import { send, type WireAnswer } from "../wire.ts";
import { askForToken, proofsOf } from "../workloads.ts";
import { altered, forged } from "./forge.ts";
import type { AttackLedger } from "./ledger.ts";

const UNPROVEN = { status: 401, error: "invalid_client" };
const BAD_PROOF = { status: 400, error: "invalid_dpop_proof" };

export async function attackClients(
  ledger: AttackLedger,
  { agent, service, server }: Setting,
): Promise<void> {
  const key = agent.key.privateKey;
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const seconds = (): number => Math.floor(Date.now() / 1000);
  const claims = (more: JsonObject = {}): JsonObject => ({
    iss: agent.id,
    sub: agent.id,
    aud: server.issuer,
    iat: seconds(),
    exp: seconds() + 60,
    jti: randomUUID(),
    ...more,
  });
  const ask = (assertion: string, dpop = proofsOf(agent).dpop): Promise<WireAnswer> =>
    askForToken(server, { assertion, dpop });
  const typ = "client-authentication+jwt";
  const assertions: readonly [name: string, make: () => string][] = [
    ["algorithm confusion: an assertion that says none", () => forged({ alg: "none", typ }, claims())],
    [
      "algorithm confusion: an assertion by HMAC with the public key",
      () => {
        const pem = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
        return forged({ alg: "HS256", typ }, claims(), pem);
      },
    ],
    [
      "key confusion: an assertion that brings its own key",
      () => {
        const jwk = createPublicKey(stranger).export({ format: "jwk" }) as JsonObject;
        return forged({ alg: "ES256", typ, jwk }, claims(), stranger);
      },
    ],
    [
      "kid tricks: an assertion whose kid is a path",
      () => forged({ alg: "ES256", typ, kid: "../../../../dev/null" }, claims(), stranger),
    ],
    [
      "kid tricks: an assertion whose kid is SQL",
      () => forged({ alg: "ES256", typ, kid: "' or 1=1 --" }, claims(), stranger),
    ],
    [
      "jku: an assertion that says where its key is",
      () => forged({ alg: "ES256", typ, jku: "https://evil.example/jwks" }, claims(), key),
    ],
    [
      "audience injection: an assertion for us and for somebody else",
      () => forged({ alg: "ES256", typ }, claims({ aud: [server.issuer, "https://evil.example"] }), key),
    ],
    [
      "audience injection: an assertion for the endpoint's address",
      () => forged({ alg: "ES256", typ }, claims({ aud: `${server.issuer}/oauth/token` }), key),
    ],
    [
      "clock skew: an assertion from tomorrow",
      () => forged({ alg: "ES256", typ }, claims({ iat: seconds() + 86_400, exp: seconds() + 86_460 }), key),
    ],
    [
      "clock skew: an assertion of a minute ago",
      () => forged({ alg: "ES256", typ }, claims({ iat: seconds() - 120, exp: seconds() - 60 }), key),
    ],
    [
      "an assertion that lives for a year",
      () => forged({ alg: "ES256", typ }, claims({ exp: seconds() + 31_536_000 }), key),
    ],
    [
      "another's name: an assertion for the service, by the agent's key",
      () => forged({ alg: "ES256", typ }, claims({ iss: service.id, sub: service.id }), key),
    ],
    [
      "an assertion whose claims were changed after it was signed",
      () => altered(proofsOf(agent).assertion, { claims: { sub: service.id } }),
    ],
    ["token as assertion: a DPoP proof in place of the assertion", () => proofsOf(agent).dpop],
    [
      "oversized: an assertion of a hundred thousand characters",
      () => forged({ alg: "ES256", typ }, claims({ filler: "x".repeat(100_000) }), key),
    ],
  ];
  for (const [name, make] of assertions) await ledger.attack(name, UNPROVEN, () => ask(make()));
  await ledger.attack("client secret: a client that sends one", UNPROVEN, () => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: agent.id,
      client_secret: "guess",
      client_assertion_type: clientAssertionType,
      client_assertion: proofsOf(agent).assertion,
    });
    const headers = { "content-type": "application/x-www-form-urlencoded", dpop: proofsOf(agent).dpop };
    return send(server, { method: "POST", path: "/oauth/token", headers, body: form.toString() });
  });
  await ledger.attack("forged forwarded certificate: a header that no proxy wrote", UNPROVEN, () => {
    const form = new URLSearchParams({ grant_type: "client_credentials", client_id: service.id });
    // Over the key that it has enrolled: were the header believed, this would be the service.
    const own = selfSignedDer(service.key.privateKey, "ledger-service");
    const certificate = `:${own.toString("base64")}:`;
    const headers = { "content-type": "application/x-www-form-urlencoded", "client-cert": certificate };
    return send(server, { method: "POST", path: "/oauth/token", headers, body: form.toString() });
  });
  await attackProofs(ledger, { agent, service, server });
}

async function attackProofs(
  ledger: AttackLedger,
  { agent, server }: Pick<Setting, "agent" | "service" | "server">,
): Promise<void> {
  const used = proofsOf(agent);
  await ledger.attack("assertion replay: the same assertion again", UNPROVEN, async () => {
    await askForToken(server, used);
    return askForToken(server, { ...used, dpop: proofsOf(agent).dpop });
  });
  await ledger.attack("replayed DPoP: the same proof again", BAD_PROOF, async () => {
    const fresh = proofsOf(agent);
    await askForToken(server, fresh);
    return askForToken(server, { ...proofsOf(agent), dpop: fresh.dpop });
  });
  await ledger.attack("a DPoP proof by another key", BAD_PROOF, () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const dpop = proofsOf({ ...agent, key: { ...agent.key, privateKey } }).dpop;
    return askForToken(server, { ...proofsOf(agent), dpop });
  });
  await ledger.attack("a DPoP proof for another address", BAD_PROOF, () => {
    const elsewhere = { ...agent.issuer, tokenEndpoint: "https://evil.example/oauth/token" };
    return askForToken(server, { ...proofsOf(agent), dpop: proofsOf({ ...agent, issuer: elsewhere }).dpop });
  });
  await ledger.attack("a DPoP proof from tomorrow", BAD_PROOF, () => {
    const jwk = createPublicKey(agent.key.privateKey).export({ format: "jwk" }) as JsonObject;
    const iat = Math.floor(Date.now() / 1000) + 86_400;
    const claims = { htm: "POST", htu: `${server.issuer}/oauth/token`, iat, jti: randomUUID() };
    const dpop = forged({ alg: "ES256", typ: "dpop+jwt", jwk }, claims, agent.key.privateKey);
    return askForToken(server, { ...proofsOf(agent), dpop });
  });
}
