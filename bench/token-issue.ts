/**
 * Tokens a second that the token endpoint issues on one core, against oidc-provider with its store in memory
 * at the same work: a client assertion, a DPoP proof, a JWT for one resource. Ours also asks policy, and has
 * the event on disk before the token leaves.
 */
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { publicJwkOf } from "@countersign/proof/jwk";
import { enrol, type Instance } from "@countersign/sdk";
import { type Administrator, becomeAdministrator } from "../conformance/administrator.ts";
import { freshFolder, type Place } from "../conformance/place.ts";
import { freePort, startServer } from "../conformance/server-process.ts";
import { grantOf, joinToken, LEDGER, startWorkloads } from "../conformance/workloads.ts";
import type { Loaded } from "./load/load.ts";
import {
  busyMs,
  listening,
  loaded,
  median,
  rounded,
  SERVER_CORE,
  startLoad,
  startOn,
  stopped,
} from "./load/process.ts";
import type { Figures } from "./run.ts";

const ROUNDS = 7;
const CONNECTIONS = 16;
const AGENTS = 16;
/** In one round; each with an assertion and a proof of its own. */
const REQUESTS = 1_500;

/** Who is asked, and how a request to it is made. */
interface Contestant {
  readonly process: ChildProcess;
  readonly port: number;
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
}

export async function run(): Promise<Figures> {
  const place = freshFolder();
  const stops: (() => Promise<unknown>)[] = [place.remove];
  try {
    const [peerPort, ourPort] = [await freePort(), await freePort()];
    const agents = await prepare(place, ourPort);
    const clients = join(place.data, "clients.json");
    writeFileSync(clients, JSON.stringify(agents.map(clientOf)));
    const peer = startOn(SERVER_CORE, [here("./token-issue/provider.ts"), String(peerPort), clients]);
    const ours = startOn(SERVER_CORE, serveArguments(place.data, ourPort));
    const load = startLoad();
    stops.unshift(...[load, peer, ours].map((child) => () => stopped(child)));
    await Promise.all([listening(peerPort), listening(ourPort)]);
    return await measured(load, agents, {
      peer: { process: peer, port: peerPort, path: "/token", form: {} },
      ours: {
        process: ours,
        port: ourPort,
        path: "/oauth/token",
        form: { authorization_details: JSON.stringify([grantOf()]) },
      },
    });
  } finally {
    for (const stop of stops) await stop();
  }
}

const NAMES = ["peer", "ours"] as const;

async function measured(
  load: ChildProcess,
  agents: readonly Instance[],
  contest: Record<(typeof NAMES)[number], Contestant>,
): Promise<Figures> {
  const rounds: Record<(typeof NAMES)[number], (Loaded & { cpu: number })[]> = { peer: [], ours: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of NAMES) {
      const contestant = contest[name];
      const requests = requestsTo(contestant, agents);
      const before = busyMs(contestant.process);
      const usual = { connections: CONNECTIONS, milliseconds: 60_000, once: true };
      const result = await loaded(load, { ...usual, port: contestant.port, requests });
      const cpu = (busyMs(contestant.process) - before) / result.answers;
      if (round > 0) rounds[name].push({ ...result, cpu }); // the first warms
    }
  }
  const rate = (name: (typeof NAMES)[number]): number =>
    median(rounds[name].map(({ answers, milliseconds }) => (answers / milliseconds) * 1_000));
  const middle = (name: (typeof NAMES)[number], what: "p50" | "p99" | "cpu"): number =>
    median(rounds[name].map((round) => round[what]));
  return {
    ratio: rounded(rate("ours") / rate("peer")),
    p99Ratio: rounded(middle("ours", "p99") / middle("peer", "p99")),
    peerPerSecond: Math.round(rate("peer")),
    oursPerSecond: Math.round(rate("ours")),
    peerP50Ms: rounded(middle("peer", "p50")),
    oursP50Ms: rounded(middle("ours", "p50")),
    peerP99Ms: rounded(middle("peer", "p99")),
    oursP99Ms: rounded(middle("ours", "p99")),
    peerCpuMs: rounded(middle("peer", "cpu")),
    oursCpuMs: rounded(middle("ours", "cpu")),
    connections: CONNECTIONS,
    rounds: ROUNDS,
  };
}

/** Fills a folder by a server: agents that may post to the ledger, each enrolled. */
async function prepare(place: Place, port: number): Promise<Instance[]> {
  const server = await startServer(place, { port });
  const administrator = await becomeAdministrator(place, server);
  await startWorkloads(administrator, server.issuer);
  const agents: Instance[] = [];
  for (let nth = 0; nth < AGENTS; nth++) agents.push(await agentOf(administrator, server.issuer, nth));
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
  return enrol({ issuer, joinToken: await joinToken(administrator, { agent }) });
}

const clientOf = ({ id, key }: Instance) => ({ client_id: id, jwk: publicJwkOf(key.privateKey) });

/** Assertions live for a minute: they are made just before they are used. */
function requestsTo({ port, path, form }: Contestant, agents: readonly Instance[]): string[] {
  return Array.from({ length: REQUESTS }, (_, nth) => {
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

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const serveArguments = (data: string, port: number): string[] => [
  here("../cli/main.ts"),
  "serve",
  ...["--data", data, "--port", String(port), "--issuer", `http://localhost:${port}`],
];
