/**
 * Tokens a second that the token endpoint issues on one core, against oidc-provider with its store in memory
 * at the same work: a client assertion, a DPoP proof, a JWT for one resource. Ours also asks policy, and has
 * the event on disk before the token leaves.
 */
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { publicJwkOf } from "@countersign/proof/jwk";
import type { Instance } from "@countersign/sdk";
import { freshFolder } from "../conformance/place.ts";
import { freePort } from "../conformance/server-process.ts";
import type { Loaded } from "./load/load.ts";
import {
  busyMs,
  listening,
  loaded,
  median,
  rounded,
  SERVER_CORE,
  serveArguments,
  startLoad,
  startOn,
  stopped,
} from "./load/process.ts";
import type { Figures } from "./run.ts";
import { type Endpoint, ourEndpoint, prepare, requestsTo } from "./token-issue/requests.ts";

const ROUNDS = 7;
/** Servers run for weeks: neither is measured before its code is compiled, which takes ours some ten thousand requests. */
const WARMING = 7;
const CONNECTIONS = 16;
const AGENTS = 16;
/** In one round; each with an assertion and a proof of its own. */
const REQUESTS = 1_500;

interface Contestant extends Endpoint {
  readonly process: ChildProcess;
}

export async function run(): Promise<Figures> {
  const place = freshFolder();
  const stops: (() => Promise<unknown>)[] = [place.remove];
  try {
    const [peerPort, ourPort] = [await freePort(), await freePort()];
    const agents = await prepare(place, ourPort, AGENTS);
    const clients = join(place.data, "clients.json");
    writeFileSync(clients, JSON.stringify(agents.map(clientOf)));
    const peer = startOn(SERVER_CORE, [
      fileURLToPath(new URL("./token-issue/provider.ts", import.meta.url)),
      String(peerPort),
      clients,
    ]);
    const ours = startOn(SERVER_CORE, serveArguments(place.data, ourPort));
    const load = startLoad();
    stops.unshift(...[load, peer, ours].map((child) => () => stopped(child)));
    await Promise.all([listening(peerPort), listening(ourPort)]);
    return await measured(load, agents, {
      peer: { process: peer, port: peerPort, path: "/token", form: {} },
      ours: { process: ours, ...ourEndpoint(ourPort) },
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
  for (let round = -WARMING; round < ROUNDS; round++) {
    for (const name of NAMES) {
      const contestant = contest[name];
      const requests = requestsTo(contestant, agents, REQUESTS);
      const before = busyMs(contestant.process);
      const usual = { connections: CONNECTIONS, milliseconds: 60_000, once: true };
      const result = await loaded(load, { ...usual, port: contestant.port, requests });
      const cpu = (busyMs(contestant.process) - before) / result.answers;
      if (round >= 0) rounds[name].push({ ...result, cpu });
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

const clientOf = ({ id, key }: Instance) => ({ client_id: id, jwk: publicJwkOf(key.privateKey) });
