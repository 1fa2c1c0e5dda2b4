import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeClock, openIdentities } from "../../host/identity/index.ts";
import { entryOf, testUpstream } from "../../host/identity/test-upstream.ts";
import { peerOf } from "../../host/peer/index.ts";
import { serveWorkloadApi } from "../../host/workload-api/index.ts";
import { PLANNER, type SpiffeStage, WRITER } from "./stage.ts";

export async function onSpiffeStage(play: (stage: SpiffeStage) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-spiffe-"));
  chmodSync(folder, 0o755);
  const upstream = await testUpstream(() => Date.now());
  const agents = { planner: "planner", writer: "writer" };
  const entry = (id: string, uid: number, ttl = 600) =>
    entryOf(id, { principal: id, selectors: [`unix:uid:${uid}`], ttl });
  const list = () => [entry("planner", PLANNER), entry("writer", WRITER)];
  upstream.entryList = list();
  const log = process.env.HOST_LOG ? (...line: unknown[]) => console.log(...line) : () => undefined;
  const identities = openIdentities({
    upstream,
    clock: nodeClock,
    random: Math.random,
    log,
    async attest({ pid, started, uid }) {
      return { pid, started, selectors: [`unix:uid:${uid}`], files: [] };
    },
  });
  const api = await serveWorkloadApi({
    socket: join(folder, "run", "workload.sock"),
    identities,
    peerOf,
    clock: nodeClock,
    log,
  });
  let ttl = 600;
  try {
    await play({
      socket: api.socket,
      trustDomain: "acme.example",
      agents,
      async rotate() {
        ttl += 1;
        upstream.entryList = upstream.entryList.map((one) => ({ ...one, ttl }));
        upstream.change();
      },
      async suspend(agent) {
        upstream.entryList = upstream.entryList.filter(({ id }) => id !== agent);
        upstream.change();
      },
      async resume() {
        upstream.entryList = list();
        upstream.change();
      },
      async hasEnded(instance) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        return upstream.told.includes(instance);
      },
    });
  } finally {
    await api.close();
    await identities.close();
    rmSync(folder, { recursive: true });
  }
}
