import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Administrator } from "../administrator.ts";
import { onPlace } from "../durability.ts";
import { freshFolder } from "../place.ts";
import { PLANNER, type SpiffeStage, WRITER } from "./stage.ts";

const CLI = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const USERS = { planner: PLANNER, writer: WRITER };

/** Plays on a real server and a real host, each in a process of its own. */
export async function onSpiffeStage(play: (stage: SpiffeStage) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-spiffe-"));
  chmodSync(folder, 0o755);
  try {
    await onPlace(freshFolder(), async (_place, { issuer }, administrator) => {
      for (const agent of Object.keys(USERS)) await declareAgent(administrator, agent);
      const socket = join(folder, "run", "workload.sock");
      const host = await startHost(administrator, issuer, socket);
      try {
        await play(await stageOf(administrator, socket));
      } finally {
        const gone = once(host, "exit");
        host.kill("SIGTERM");
        await gone;
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let ttl = 600;

/** Everything that an entry says stays: its SVIDs are renewed, and nobody is somebody else. */
const entryOf = (agent: string) => ({
  selectors: [
    `unix:uid:${USERS[agent as keyof typeof USERS]}`,
    `unix:gid:${USERS[agent as keyof typeof USERS]}`,
  ],
  hosts: ["host:type:join_token"],
  ttl,
});

async function declareAgent(administrator: Administrator, name: string): Promise<void> {
  const facts = { class: "operations", purpose: "Plays its part.", environment: "development" };
  await administrator.post("/agents", { name, ...facts, owner: administrator.person, grants: [] });
  await administrator.put(`/agents/${name}/entries/main`, entryOf(name));
}

/** As on a real machine: by root, with a token that works once. */
async function startHost(
  administrator: Administrator,
  issuer: string,
  socket: string,
): Promise<ChildProcess> {
  const { token } = await administrator.post<{ token: string }>("/join-tokens", { host: "stage" });
  const args = [CLI, "host", "--server", issuer, "--join-token", token, "--socket", socket];
  const host = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH },
  });
  let said = "";
  host.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const ended = once(host, "exit").then(() => assert.fail(`the host ended: ${said}`));
  await Promise.race([once(host.stdout, "data"), ended]);
  return host;
}

interface Instances {
  readonly items: readonly { readonly id: string; readonly status: string }[];
}

async function stageOf(administrator: Administrator, socket: string): Promise<SpiffeStage> {
  const { trust_domain } = await administrator.get<{ trust_domain: string }>("/health");
  return {
    socket,
    trustDomain: trust_domain,
    agents: { planner: "planner", writer: "writer" },
    async rotate() {
      ttl += 1;
      for (const agent of Object.keys(USERS))
        await administrator.put(`/agents/${agent}/entries/main`, entryOf(agent));
    },
    async suspend(agent) {
      await administrator.post(`/agents/${agent}/suspend`);
    },
    async resume(agent) {
      await administrator.post(`/agents/${agent}/resume`);
    },
    async hasEnded(instance) {
      const agent = instance.split("/").at(-2);
      const { items } = await administrator.get<Instances>(`/agents/${agent}/instances`);
      return items.find(({ id }) => id === instance)?.status !== "active";
    },
  };
}
