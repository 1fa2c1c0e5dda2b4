import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { createClientAssertion } from "@countersign/proof/client-assertion";
import { forEachEngine } from "../audit/test-databases.ts";
import { rotateKeys } from "../keys/index.ts";
import { hours, seconds } from "../lib/index.ts";
import { defineFederation } from "./federation.ts";
import { ask, openMarket, proofsOf } from "./fixture.ts";
import { metadataOf, openidConfigurationOf } from "./metadata.ts";
import { assumeRoleWithWebIdentity } from "./test-relying-aws.ts";
import { exchangeAtEntra } from "./test-relying-azure.ts";
import { exchangeAtGoogle } from "./test-relying-gcp.ts";
import { authenticateAtKubernetes } from "./test-relying-kubernetes.ts";
import type { Internet } from "./test-relying-party.ts";
import { loginAtVault } from "./test-relying-vault.ts";

/** As those who fetch from the internet want one. */
const issuer = "https://countersign.acme.example";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const subject = "spiffe://acme.example/agent/planner";
const pool = "projects/123/locations/global/workloadIdentityPools/agents/providers/countersign";

/** Each with the audience that it wants, and what it makes of the token. */
const relyingParties: Readonly<
  Record<
    string,
    { audience: string; take: (internet: Internet, token: string, now: number) => Promise<unknown> }
  >
> = {
  "AWS STS": {
    audience: "sts.amazonaws.com",
    take: (internet, token, now) =>
      assumeRoleWithWebIdentity(
        internet,
        { url: issuer, clientIds: ["sts.amazonaws.com"] },
        { [`${new URL(issuer).host}:sub`]: subject, [`${new URL(issuer).host}:aud`]: "sts.amazonaws.com" },
        token,
        now,
      ),
  },
  "Google Cloud": {
    audience: `https://iam.googleapis.com/${pool}`,
    take: (internet, token, now) =>
      exchangeAtGoogle(internet, { name: pool, issuerUri: issuer, allowedAudiences: [] }, token, now),
  },
  "Microsoft Entra": {
    audience: "api://AzureADTokenExchange",
    take: (internet, token, now) =>
      exchangeAtEntra(internet, { issuer, subject, audiences: ["api://AzureADTokenExchange"] }, token, now),
  },
  Vault: {
    audience: "https://vault.acme.example",
    take: (internet, token, now) =>
      loginAtVault(
        internet,
        { oidcDiscoveryUrl: issuer, boundIssuer: issuer },
        {
          boundAudiences: ["https://vault.acme.example"],
          boundSubject: subject,
          boundClaims: { agent: "planner" },
          userClaim: "sub",
        },
        token,
        now,
      ),
  },
  Kubernetes: {
    audience: "https://kubernetes.acme.example",
    take: (internet, token, now) =>
      authenticateAtKubernetes(
        internet,
        {
          issuer: { url: issuer, audiences: ["https://kubernetes.acme.example"] },
          claimValidationRules: [{ claim: "agent", requiredValue: "planner" }],
          username: { claim: "sub", prefix: "countersign:" },
        },
        token,
        now,
      ),
  },
};

const audiences = Object.values(relyingParties).map(({ audience }) => audience);

forEachEngine((engine) => {
  let room: Opened;
  let internet: Internet;

  before(async () => {
    const opened = await openMarket(engine);
    room = { ...opened, deps: { ...opened.deps, issuer } };
    const { deps, ada } = room;
    await defineFederation(deps, ada.caller, { agent: "planner", audiences });
    await defineFederation(deps, ada.caller, { agent: "writer", audiences });
    internet = async (url) => {
      if (url === `${issuer}/.well-known/openid-configuration`) return openidConfigurationOf(issuer);
      if (url === metadataOf(issuer).jwks_uri) return { ...deps.keys.publicJwks() };
      throw new Error(`nothing is at ${url}`);
    };
  });
  after(() => room.close());

  const identity = async (audience: string, who: "planner" | "writer" = "planner") => {
    const asked = { requested_token_type: "urn:ietf:params:oauth:token-type:id_token", audience };
    return token(who, asked);
  };

  const token = async (who: "planner" | "writer", more: Record<string, string> = {}) => {
    const { deps, [who]: client } = room;
    const own = { clientId: client.instance.id, issuer, key: client.key };
    const assertion = createClientAssertion({ ...own, now: deps.clock.now(), jti: randomUUID() });
    const proofs = { assertion, dpop: proofsOf(deps, client).dpop };
    return (await ask(deps, client, { grant_type: "client_credentials", ...more }, proofs)).access_token;
  };

  for (const [name, { audience, take }] of Object.entries(relyingParties)) {
    test(`${name} takes an agent's identity token for its own audience, and while it lives`, async () => {
      const shown = await identity(audience);
      const now = room.deps.clock.now();
      await take(internet, shown, now);
      await assert.rejects(take(internet, shown, now + hours(1)), /exp/);
      await assert.rejects(take(internet, shown, now - hours(1)));
    });

    test(`${name} does not take another agent's, one for another audience, or an access token`, async () => {
      const now = room.deps.clock.now();
      const strangers = audiences.filter((each) => each !== audience);
      for (const other of strangers) await assert.rejects(take(internet, await identity(other), now));
      if (name !== "Google Cloud")
        await assert.rejects(take(internet, await identity(audience, "writer"), now));
      await assert.rejects(take(internet, await token("planner"), now));
    });
  }

  test("Google Cloud tells agents apart by their subject", async () => {
    const { audience = "", take } = relyingParties["Google Cloud"] ?? {};
    const seen = await take?.(internet, await identity(audience, "writer"), room.deps.clock.now());
    const place = pool.replace(/\/providers\/.*$/, "");
    assert.deepEqual(seen, {
      principal: `principal://iam.googleapis.com/${place}/subject/spiffe://acme.example/agent/writer`,
    });
  });

  test("the keys of identity tokens are published days before they sign, and none that was withdrawn is", async () => {
    const { deps, ada } = room;
    const rotation = { ...deps, withdraw: () => {}, unpublish: async () => {} };
    const { audience = "", take } = relyingParties["AWS STS"] ?? {};
    const cached = deps.keys.publicJwks();
    await rotateKeys(rotation, ada.caller, { purpose: "federation" });
    const shown = await identity(audience);
    const stale: Internet = async (url) => (url.endsWith("/jwks") ? { ...cached } : internet(url));
    await take?.(stale, shown, deps.clock.now());
    await rotateKeys(rotation, ada.caller, { purpose: "federation", emergency: true });
    await assert.rejects(async () => take?.(internet, shown, deps.clock.now()), /no applicable key/);
    await take?.(internet, await identity(audience), deps.clock.now() + seconds(1));
  });

  test("what OAuth and OpenID Connect are told of this issuer is the same", () => {
    const { response_types_supported, ...oauth } = metadataOf(issuer);
    const openid: Record<string, unknown> = openidConfigurationOf(issuer);
    for (const [member, value] of Object.entries(oauth)) assert.deepEqual(openid[member], value, member);
    assert.deepEqual(openid.response_types_supported, [...response_types_supported, "id_token"]);
  });
});
