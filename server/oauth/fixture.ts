/** For tests only: the company with a catalog, policies and a service that is called, and clients that sign. */
import { randomUUID } from "node:crypto";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { delegationTokenType } from "@countersign/proof/delegation-token";
import { createDpopProof } from "@countersign/proof/dpop";
import type { Grant } from "@countersign/proof/grant";
import { createKeyCache } from "@countersign/proof/jwk";
import type { AccessTokenClaims } from "@countersign/proof/token";
import { approvalsMigrations } from "../approvals/index.ts";
import { calm } from "../approvals/test-ports.ts";
import { attestationMigrations } from "../attestation/index.ts";
import type { TestEngine } from "../audit/test-databases.ts";
import { defineServer, defineTool, type Label } from "../catalog/index.ts";
import {
  type Company,
  migrations as delegationMigrations,
  LEDGER,
  openCompany,
  REPORTS,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { delegationTokenFor } from "../delegation/index.ts";
import type { RawRequest } from "../http/index.ts";
import { system, systemClock } from "../lib/index.ts";
import { type Enrolled, issuer, stranger } from "../login/fixture.ts";
import { ProviderKeys } from "../login/index.ts";
import { ActivePolicies, installShippedPolicies, policyMigrations } from "../policy/index.ts";
import { registerService, type Service } from "../registry/index.ts";
import { BundleCache, OwnAuthority, spiffeMigrations } from "../spiffe/index.ts";
import { ClientDocuments } from "./client-metadata.ts";
import { DpopNonces } from "./dpop-nonces.ts";
import type { TokenResponse } from "./mint.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { StatusLists } from "./status-list.ts";
import { oauthMigrations } from "./tables.ts";
import { issueToken } from "./token.ts";

export const migrations = [
  ...attestationMigrations,
  ...delegationMigrations,
  ...attestationMigrations,
  ...spiffeMigrations,
  ...policyMigrations,
  ...approvalsMigrations,
  ...oauthMigrations,
];

export const more = () => ({
  policies: new ActivePolicies(),
  holderKeys: createKeyCache(100),
  bundles: new BundleCache(),
  authority: new OwnAuthority(),
  outbound: { local: true },
  clientCertificates: true,
  providerKeys: new ProviderKeys({ clock: systemClock, outbound: { local: true } }),
  statusLists: new StatusLists(),
  clientDocuments: new ClientDocuments({ clock: systemClock, outbound: { local: true } }),
});

/** The company, and the service that its agents call. */
export interface Market extends Company {
  readonly reports: Running & { readonly service: Service };
}

export async function openMarket(engine: TestEngine, steps = migrations) {
  const opened = await openCompany(engine, steps, more());
  const nonces = new DpopNonces(opened.deps, opened.deps.keys, "offered");
  const deps = { ...opened.deps, ...calm(opened.deps), nonces };
  const { ada } = opened;
  const service = await registerService(deps, ada.caller, {
    name: "reports",
    owner: ada.id,
    resources: [REPORTS],
  });
  await defineServer(deps, ada.caller, { id: "reports", resource: REPORTS });
  await defineServer(deps, ada.caller, { id: "ledger", resource: LEDGER });
  await pin(deps, ada, "reports", "read", ["read"]);
  await pin(deps, ada, "reports", "write", ["write"]);
  await pin(deps, ada, "reports", "publish", ["external"]);
  await pin(deps, ada, "ledger", "read", ["read"]);
  await installShippedPolicies(deps, system);
  return { ...opened, deps, reports: { ...(await run(deps, { service })), service } };
}

const pin = (deps: OauthDeps, { caller }: Enrolled, server: string, name: string, labels: Label[]) =>
  defineTool(deps, caller, {
    definition: {
      server,
      name,
      description: "A tool.",
      labels,
      inputSchema: { type: "object", properties: { quarter: { type: "string" } } },
    },
  });

/** A request as it arrives, with whatever headers. */
export const requestTo = (path: string, headers: RawRequest["headers"], method = "POST"): RawRequest => ({
  method,
  url: `${issuer}${path}`,
  path,
  headers,
  source: "192.0.2.1",
});

/** The two proofs of a token request, fresh, and each replaceable. */
export interface Proofs {
  readonly assertion: string;
  readonly dpop: string;
}

export function proofsOf(deps: OauthDeps, { instance, key }: Running): Proofs {
  const now = deps.clock.now();
  const clientId = instance.id;
  const url = `${issuer}/oauth/token`;
  return {
    assertion: createClientAssertion({ clientId, issuer, key, now, jti: randomUUID() }),
    dpop: createDpopProof({ key, method: "POST", url, now, jti: randomUUID() }),
  };
}

/** Asks the token endpoint. */
export function ask(
  deps: OauthDeps,
  client: Running,
  form: Record<string, string>,
  { assertion, dpop }: Proofs = proofsOf(deps, client),
): Promise<TokenResponse> {
  const proven = { client_assertion_type: clientAssertionType, client_assertion: assertion };
  return issueToken(deps, stranger, {
    form: { ...proven, ...form },
    request: requestTo("/oauth/token", { dpop }),
  });
}

/** A client's own token, for Countersign itself. */
export const ownToken = async (deps: OauthDeps, client: Running): Promise<string> =>
  (await ask(deps, client, { grant_type: "client_credentials" })).access_token;

/** The parameters of an exchange, all as they should be, for whoever wants to spoil one. */
export async function exchangeForm(
  deps: OauthDeps,
  client: Running,
  edge: string,
  grants?: readonly Grant[],
): Promise<Record<string, string>> {
  const { token } = await delegationTokenFor(deps, client.caller, { edge });
  return {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: delegationTokenType,
    actor_token: await ownToken(deps, client),
    actor_token_type: "urn:ietf:params:oauth:token-type:access_token",
    resource: REPORTS,
    ...(grants === undefined ? {} : { authorization_details: JSON.stringify(grants) }),
  };
}

export const exchange = async (
  deps: OauthDeps,
  client: Running,
  edge: string,
  grants?: readonly Grant[],
): Promise<TokenResponse> => ask(deps, client, await exchangeForm(deps, client, edge, grants));

/** What a token says, taken on trust. */
export const claimsIn = ({ access_token }: Pick<TokenResponse, "access_token">): AccessTokenClaims =>
  JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString());
