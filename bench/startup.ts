/** How long the control plane takes until it answers, and what it holds in memory: without a story. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figures } from "./run.ts";

const CLI = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const ROUNDS = 5;

export async function run(): Promise<Figures> {
  const rounds: Start[][] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await firstAndLater());
  const column = (n: number, member: keyof Start) =>
    median(rounds.map((round) => round[n]?.[member] ?? Number.NaN));
  return {
    firstMs: column(0, "ms"),
    laterMs: column(1, "ms"),
    residentMb: column(1, "residentMb"),
    rounds: ROUNDS,
  };
}

interface Start {
  ms: number;
  residentMb: number;
}

async function firstAndLater(): Promise<Start[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  try {
    return [await startOnce(folder), await startOnce(folder)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function startOnce(folder: string): Promise<Start> {
  const port = await freePort();
  const begun = performance.now();
  const args = [
    "--disable-warning=ExperimentalWarning",
    CLI,
    "serve",
    "--data",
    folder,
    "--port",
    String(port),
  ];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  await answering(port);
  const ms = Math.round(performance.now() - begun);
  const residentMb = residentOf(server);
  server.kill("SIGTERM");
  await new Promise((resolve) => server.once("exit", resolve));
  return { ms, residentMb };
}

async function answering(port: number): Promise<void> {
  while (true) {
    const answer = await fetch(`http://localhost:${port}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function residentOf({ pid }: ChildProcess): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
