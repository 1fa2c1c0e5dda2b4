/**
 * From the call that suspends an agent to its refusal at each of a thousand enforcement points that follow the
 * feed in another process: the time of each, all rounds together.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { becomeAdministrator } from "../conformance/administrator.ts";
import { freshFolder } from "../conformance/place.ts";
import { freePort, startServer } from "../conformance/server-process.ts";
import { joinToken, startWorkloads } from "../conformance/workloads.ts";
import { median, rounded } from "./load/process.ts";
import type { Figures } from "./run.ts";

const SUBSCRIBERS = 1_000;
const ROUNDS = 30;
const AGENT = "posting-agent";

export async function run(): Promise<Figures> {
  const place = freshFolder();
  const server = await startServer(place, { port: await freePort() });
  let subscribers: ChildProcess | undefined;
  try {
    const administrator = await becomeAdministrator(place, server);
    await startWorkloads(administrator, server.issuer);
    const { id } = await administrator.post<{ id: string }>("/services", {
      name: "enforcement",
      owner: administrator.person,
      resources: [],
    });
    const token = await joinToken(administrator, { service: id });
    subscribers = fork(fileURLToPath(new URL("./revocation/subscribers.ts", import.meta.url)), [
      server.issuer,
      token,
      String(SUBSCRIBERS),
    ]);
    await once(subscribers, "message");
    const each: number[] = [];
    const last: number[] = [];
    const answered: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const { epoch } = await administrator.get<{ epoch: number }>(`/agents/${AGENT}`);
      subscribers.send(`agent:${AGENT}#${epoch}`);
      await once(subscribers, "message");
      const began = performance.timeOrigin + performance.now();
      const refused = once(subscribers, "message") as Promise<[number[]]>;
      await administrator.post(`/agents/${AGENT}/suspend`);
      answered.push(performance.timeOrigin + performance.now() - began);
      const times = (await refused)[0].map((at) => at - began);
      each.push(...times);
      last.push(Math.max(...times));
      await administrator.post(`/agents/${AGENT}/resume`);
    }
    each.sort((a, b) => a - b);
    return {
      p99Ms: rounded(each[Math.floor(each.length * 0.99)] ?? Number.NaN),
      p50Ms: rounded(median(each)),
      lastMs: rounded(median(last)),
      slowestMs: rounded(Math.max(...last)),
      answeredMs: rounded(median(answered)),
      subscribers: SUBSCRIBERS,
      rounds: ROUNDS,
    };
  } finally {
    subscribers?.kill();
    await server.kill();
    await place.remove();
  }
}
