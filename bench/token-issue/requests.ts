import { randomUUID } from "node:crypto";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { enrol, type Instance } from "@countersign/sdk";
import { type Administrator, becomeAdministrator } from "../../conformance/administrator.ts";
import type { Place } from "../../conformance/place.ts";
import { startServer } from "../../conformance/server-process.ts";
import { grantOf, joinToken, LEDGER, startWorkloads } from "../../conformance/workloads.ts";
import type { Runtime } from "../../sdk/runtime.ts";
import { fetchFrom } from "../load/fetch-from.ts";

/** Whom to ask, and what else than the usual to say. */
export interface Endpoint {
  readonly port: number;
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
}

/** Our own token endpoint, asked for one grant at the ledger. */
export const ourEndpoint = (port: number): Endpoint => ({
  port,
  path: "/oauth/token",
  form: { authorization_details: JSON.stringify([grantOf()]) },
});

/** Rates are counted by source: no source enrols more than it may. */
const SOURCES = 100;

/** Fills a folder by a server: so many agents that may post to the ledger, each enrolled. */
export async function prepare(place: Place, port: number, count: number): Promise<Instance[]> {
  const server = await startServer(place, { port });
  const administrator = await becomeAdministrator(place, server);
  await startWorkloads(administrator, server.issuer);
  const agents: Instance[] = [];
  for (let nth = 0; nth < count; nth++) agents.push(await agentOf(administrator, server.issuer, nth));
  await server.stop();
  return agents;
}

async function agentOf(administrator: Administrator, issuer: string, nth: number): Promise<Instance> {
  const agent = `posting-agent-${nth}`;
  const facts = { class: "operations", purpose: "Posts to the ledger.", environment: "development" };
  await administrator.post("/agents", {
    name: agent,
    ...facts,
    owner: administrator.person,
    grants: [grantOf()],
  });
  const source = `127.0.4.${1 + (nth % SOURCES)}`;
  const runtime: Runtime = {
    now: () => Date.now(),
    elapsed: () => performance.now(),
    fetch: (url, init) => fetchFrom(source, url, init),
  };
  return enrol({ issuer, joinToken: await joinToken(administrator, { agent }), runtime });
}

/** Assertions live for a minute: they are made just before they are used. */
export function requestsTo(
  { port, path, form }: Endpoint,
  agents: readonly Instance[],
  count: number,
): string[] {
  return Array.from({ length: count }, (_, nth) => {
    const agent = agents[nth % agents.length];
    if (agent === undefined) throw new Error("there are no agents");
    const issuer = `http://localhost:${port}`;
    const common = { key: agent.key.privateKey, now: Date.now() };
    const assertion = { ...common, clientId: agent.id, issuer, jti: randomUUID() };
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: clientAssertionType,
      client_assertion: createClientAssertion(assertion),
      resource: LEDGER,
      ...form,
    }).toString();
    const proof = { ...common, method: "POST", url: `${issuer}${path}`, jti: randomUUID() };
    const headers = {
      host: `localhost:${port}`,
      "content-type": "application/x-www-form-urlencoded",
      "content-length": String(Buffer.byteLength(body)),
      dpop: createDpopProof(proof),
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
  });
}
