import { randomUUID } from "node:crypto";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import type { JsonObject } from "@countersign/proof/jcs";
import { enrol, type Instance } from "@countersign/sdk";
import type { Administrator } from "./administrator.ts";
import { type Address, send, type WireAnswer } from "./wire.ts";

/** The audience and the tool of the little company that the suites play. */
export const LEDGER = "https://ledger.acme.example";
export const TOOL = "ledger/post";

export const grantOf = (more: JsonObject = {}): JsonObject => ({
  type: "agent_tool",
  locations: [LEDGER],
  actions: ["tools/call"],
  identifier: TOOL,
  open_args: true,
  ...more,
});

/** An agent and the service that serves its tool, both enrolled. */
export interface Workloads {
  readonly agent: Instance;
  readonly service: Instance;
  /** The join tokens that were used. */
  readonly joinTokens: readonly string[];
}

/** Registers and enrols them. @param issuer where they enrol */
export async function startWorkloads(administrator: Administrator, issuer: string): Promise<Workloads> {
  const owner = administrator.person;
  await administrator.put("/servers/ledger", { resource: LEDGER });
  const inputSchema = { type: "object", properties: { amount: { type: "integer" } } };
  await administrator.put("/servers/ledger/tools/post", {
    description: "Posts.",
    labels: ["write"],
    inputSchema,
  });
  const facts = { class: "operations", purpose: "Posts to the ledger.", environment: "development" };
  await administrator.post("/agents", { name: "posting-agent", ...facts, owner, grants: [grantOf()] });
  const { id } = await administrator.post<{ id: string }>("/services", {
    name: "ledger-service",
    owner,
    resources: [LEDGER],
  });
  const tokens = [
    await joinToken(administrator, { agent: "posting-agent" }),
    await joinToken(administrator, { service: id }),
  ];
  const [agent, service] = await Promise.all(tokens.map((token) => enrol({ issuer, joinToken: token })));
  if (agent === undefined || service === undefined) throw new Error("nobody enrolled");
  return { agent, service, joinTokens: tokens };
}

/** One more service, with no resource of its own. */
export async function enrolService(
  administrator: Administrator,
  issuer: string,
  name: string,
): Promise<Instance> {
  const owner = administrator.person;
  const { id } = await administrator.post<{ id: string }>("/services", { name, owner, resources: [] });
  return enrol({ issuer, joinToken: await joinToken(administrator, { service: id }) });
}

export async function joinToken(
  administrator: Administrator,
  of: { agent: string } | { service: string },
): Promise<string> {
  return (await administrator.post<{ token: string }>("/join-tokens", of)).token;
}

/** What proves one token request: made apart from it, so that it can be sent twice. */
export interface Proofs {
  readonly assertion: string;
  readonly dpop: string;
}

export function proofsOf({ id, key, issuer }: Instance): Proofs {
  const common = { key: key.privateKey, now: Date.now() };
  const dpop = { ...common, method: "POST", url: issuer.tokenEndpoint, jti: randomUUID() };
  return {
    assertion: createClientAssertion({ ...common, clientId: id, issuer: issuer.id, jti: randomUUID() }),
    dpop: createDpopProof(dpop),
  };
}

/** Asks a server's token endpoint with these proofs. */
export function askForToken(
  to: Address,
  { assertion, dpop }: Proofs,
  grants?: readonly JsonObject[],
): Promise<WireAnswer> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: clientAssertionType,
    client_assertion: assertion,
    resource: grants === undefined ? to.issuer : LEDGER,
    ...(grants === undefined ? {} : { authorization_details: JSON.stringify(grants) }),
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", dpop };
  return send(to, { method: "POST", path: "/oauth/token", headers, body: form.toString() });
}

/** Sends a request in a workload's own name, with its token and a fresh proof. */
export async function askAs(
  to: Address,
  { key }: Instance,
  accessToken: string,
  { method, path, body }: { method: string; path: string; body?: JsonObject },
): Promise<WireAnswer> {
  const url = `${to.issuer}${path}`;
  const dpop = createDpopProof({
    key: key.privateKey,
    accessToken,
    method,
    url,
    now: Date.now(),
    jti: randomUUID(),
  });
  const headers = { authorization: `DPoP ${accessToken}`, dpop, "content-type": "application/json" };
  return send(to, { method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

/** What a token says, unverified: it is our own server's word to us. */
export const claimsOf = (token: string): JsonObject =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
