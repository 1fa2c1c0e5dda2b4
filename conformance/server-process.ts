import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { Place } from "./place.ts";
import { isHealthy } from "./wire.ts";

const CLI = fileURLToPath(new URL("../cli/main.ts", import.meta.url));
const PATIENCE_MS = 20_000;

export interface ServerOptions {
  readonly port: number;
  /** The public address, where it is not the server's own: two servers have one. */
  readonly issuer?: string;
  readonly keys?: string;
  readonly logLevel?: string;
  readonly dpopNonces?: "required" | "offered" | "off";
}

/** A server in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  readonly issuer: string;
  readonly pid: number;
  /** Everything it has said so far, on both streams. */
  said(): string;
  /** Ends it at once, wherever it is. */
  kill(): Promise<void>;
  /** Asks it to end, and waits; fails when it does not end in order. */
  stop(): Promise<void>;
}

/** A program that has ended, and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Starts a server and waits until it answers. @throws Error with what it said, when it ends instead */
export async function startServer(place: Place, options: ServerOptions): Promise<ServerProcess> {
  const server = launchServer(place, options);
  await server.ready();
  return server;
}

/** Starts a server and does not wait. */
export function launchServer(
  place: Place,
  options: ServerOptions,
): ServerProcess & { ready(): Promise<void> } {
  const { port, issuer = `http://localhost:${port}` } = options;
  const { child, said } = launch(argumentsOf(place, { ...options, issuer }), place.databaseUrl);
  return {
    port,
    issuer,
    pid: child.pid ?? 0,
    said: () => said.stdout + said.stderr,
    ready: () => untilHealthy(child, port, issuer, said),
    async kill() {
      child.kill("SIGKILL");
      await ended(child);
    },
    async stop() {
      child.kill("SIGTERM");
      const code = await ended(child);
      if (code !== 0) throw new Error(`the server ended with ${code}: ${said.stderr}`);
    },
  };
}

/** Runs the command line to its end, which must come within `patience` milliseconds. */
export async function runCommand(
  args: readonly string[],
  databaseUrl?: string,
  patience = PATIENCE_MS,
): Promise<Ended> {
  const { child, said } = launch(args, databaseUrl);
  const timer = setTimeout(() => child.kill("SIGKILL"), patience);
  const code = await ended(child);
  clearTimeout(timer);
  return { code, ...said };
}

export const argumentsOf = ({ data }: Place, options: ServerOptions): string[] => [
  "serve",
  "--data",
  data,
  "--port",
  String(options.port),
  ...(options.issuer === undefined ? [] : ["--issuer", options.issuer]),
  ...(options.keys === undefined ? [] : ["--keys", options.keys]),
  ...(options.logLevel === undefined ? [] : ["--log-level", options.logLevel]),
  ...(options.dpopNonces === undefined ? [] : ["--dpop-nonces", options.dpopNonces]),
];

function launch(args: readonly string[], databaseUrl: string | undefined) {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", CLI, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }) },
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  return { child, said };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  return child.exitCode;
}

async function untilHealthy(
  child: ChildProcess,
  port: number,
  issuer: string,
  said: { stderr: string },
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the server did not start: ${said.stderr}`);
    if (await isHealthy({ port, issuer })) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill("SIGKILL");
  throw new Error(`the server does not answer: ${said.stderr}`);
}
