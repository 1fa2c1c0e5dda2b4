/**
 * Ten thousand running copies whose SVIDs fall due together: how soon all are renewed, and how long others wait for
 * the server meanwhile. Server and machine are processes of their own. Lives of an hour would be renewed over ten
 * minutes; here that time runs five times as fast.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Administrator, becomeAdministrator } from "../conformance/administrator.ts";
import { freshFolder } from "../conformance/place.ts";
import { freePort, startServer } from "../conformance/server-process.ts";
import { median, rounded } from "./load/process.ts";
import type { Stormed } from "./rotation-storm/host.ts";
import type { Figures } from "./run.ts";

const INSTANCES = Number(process.env.STORM_INSTANCES ?? 10_000);
const TTL = 3_600;
const FASTER = Number(process.env.STORM_FASTER ?? 5);
const BETWEEN = 20;
const HOST = fileURLToPath(new URL("./rotation-storm/host.ts", import.meta.url));

export async function run(): Promise<Figures> {
  const place = freshFolder();
  const server = await startServer(place, { port: await freePort() });
  let host: ChildProcess | undefined;
  try {
    const administrator = await becomeAdministrator(place, server);
    const { token } = await declare(administrator);
    const began = performance.now();
    const args = [server.issuer, token, String(INSTANCES), String((TTL * 1_000) / 3), String(FASTER)];
    host = fork(HOST, args);
    await once(host, "message");
    const issued = performance.now() - began;
    const idle = await waiting(administrator, () => new Promise((resolve) => setTimeout(resolve, 2_000)));
    host.send("now");
    const storm = once(host, "message") as Promise<[Stormed]>;
    const others = await waiting(administrator, () => storm);
    const [{ renewed, lost, spread, messages }] = await storm;
    if (lost > 0 || renewed < INSTANCES) throw new Error(`${lost} were lost, ${renewed} renewed`);
    return {
      p99Ms: at(others, 0.99),
      p50Ms: rounded(median(others)),
      slowestMs: at(others, 1),
      idleP99Ms: at(idle, 0.99),
      messageP99Ms: at([...messages], 0.99),
      messages: messages.length,
      spreadMs: Math.round(spread),
      renewedPerSecond: Math.round(renewed / (spread / 1_000)),
      issuedPerSecond: Math.round(INSTANCES / (issued / 1_000)),
      instances: INSTANCES,
    };
  } finally {
    host?.kill();
    await server.kill();
    await place.remove();
  }
}

async function declare(administrator: Administrator): Promise<{ token: string }> {
  const facts = { class: "operations", purpose: "Is many.", environment: "development" };
  const delegation = { delegate_to: [], max_depth: 1, needs_person: [], max_instances: INSTANCES };
  await administrator.post("/agents", {
    name: "many",
    ...facts,
    owner: administrator.person,
    grants: [],
    delegation,
  });
  const entry = { selectors: ["unix:uid:1001", "unix:gid:1001"], hosts: ["host:type:join_token"], ttl: TTL };
  await administrator.put("/agents/many/entries/main", entry);
  return administrator.post<{ token: string }>("/join-tokens", { host: "storm" });
}

/** How long requests of somebody else take while something goes on, in milliseconds. */
async function waiting(administrator: Administrator, until: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let going = true;
  const over = until().finally(() => {
    going = false;
  });
  while (going) {
    const began = performance.now();
    await administrator.get("/agents/many");
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, BETWEEN));
  }
  await over;
  return times;
}

function at(times: number[], share: number): number {
  const sorted = times.sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}
