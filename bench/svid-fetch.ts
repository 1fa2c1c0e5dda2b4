/**
 * How many processes a second learn who they are over the Workload API's socket, on one core: each answer asks the
 * kernel whether the process is still the one that was measured. The peer is a bare gRPC server that answers the same
 * bytes to anybody. Rounds alternate, and the first warms.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, rounded, SERVER_CORE, startOn, stopped } from "./load/process.ts";
import type { Figures } from "./run.ts";
import type { Asked, Asking } from "./svid-fetch/client.ts";

const ROUNDS = 3;
const STREAMS = 16;
const MILLISECONDS = 1_200;
const PATIENCE = 30_000;
const NAMES = ["ours", "bare", "connecting"] as const;
type Name = (typeof NAMES)[number];

const program = (name: string): string => fileURLToPath(new URL(`./svid-fetch/${name}.ts`, import.meta.url));

export async function run(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  chmodSync(folder, 0o755);
  const uid = String(process.getuid?.() ?? 0);
  const socketOf = (name: string): string => join(folder, `${name}.sock`);
  const start = (name: string): ChildProcess =>
    startOn(SERVER_CORE, [program("server"), name, socketOf(name), uid], true);
  const servers = { ours: start("ours"), bare: start("bare") };
  await Promise.all(Object.values(servers).map((server) => once(server, "message")));
  const client = startOn(availableParallelism() > 1 ? "1" : "0", [program("client")], true);
  try {
    await once(client, "message");
    const rounds: Record<Name, Asked[]> = { ours: [], bare: [], connecting: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of NAMES) {
        const socket = socketOf(name === "bare" ? "bare" : "ours");
        const asked = await asking(client, {
          socket,
          streams: STREAMS,
          milliseconds: MILLISECONDS,
          connecting: name === "connecting",
        });
        if (round > 0) rounds[name].push(asked);
      }
    }
    servers.ours.send("attest");
    const [attestMs] = (await once(servers.ours, "message")) as [number];
    const middle = (name: Name, what: keyof Asked): number =>
      median(rounds[name].map((round) => round[what]));
    return {
      ratio: rounded(middle("ours", "perSecond") / middle("bare", "perSecond")),
      fetchesPerSecond: Math.round(middle("ours", "perSecond")),
      barePerSecond: Math.round(middle("bare", "perSecond")),
      p50Ms: rounded(middle("ours", "p50")),
      p99Ms: rounded(middle("ours", "p99")),
      bareP99Ms: rounded(middle("bare", "p99")),
      connectingPerSecond: Math.round(middle("connecting", "perSecond")),
      connectingP99Ms: rounded(middle("connecting", "p99")),
      attestMs: rounded(attestMs),
      streams: STREAMS,
      rounds: ROUNDS,
    };
  } finally {
    await Promise.all([...Object.values(servers), client].map(stopped));
    rmSync(folder, { recursive: true });
  }
}

async function asking(client: ChildProcess, what: Asking): Promise<Asked> {
  client.send(what);
  const [asked] = (await once(client, "message", { signal: AbortSignal.timeout(PATIENCE) })) as [Asked];
  return asked;
}
