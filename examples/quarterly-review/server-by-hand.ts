/** For tests only: a server started as anybody would start it, in a process of its own. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;

export interface ServerByHand {
  readonly issuer: string;
  /** The link for its first administrator, from the file that only its owner reads. */
  readonly link: string;
  /** Where it keeps its data, in a folder `data`. */
  readonly folder: string;
  output(): string;
  /** Ends it; its data stays. */
  halt(): Promise<void>;
  stop(): Promise<void>;
}

export async function startByHand(env: Record<string, string> = {}): Promise<ServerByHand> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-story-test-"));
  const port = await freePort();
  const server = run([main, "serve", "--data", join(folder, "data"), "--port", String(port)], env);
  const halt = async (): Promise<void> => {
    server.child.kill("SIGTERM");
    await server.ended;
  };
  const link = await firstLink(join(folder, "data", "first-administrator-link"), server.child);
  return {
    issuer: `http://localhost:${port}`,
    link,
    folder,
    output: server.output,
    halt,
    async stop() {
      await halt();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs a program of ours to its end. */
export function run(args: string[], env: Record<string, string>) {
  const clean = { PATH: process.env.PATH ?? "", NO_COLOR: "1", ...env };
  const node = ["--disable-warning=ExperimentalWarning", ...args];
  const child = spawn(process.execPath, node, { env: clean, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const hear = (chunk: string): void => {
    output += chunk;
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", hear);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, output: () => output };
}

async function firstLink(file: string, server: ChildProcess): Promise<string> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const link = await readFile(file, "utf8").catch(() => "");
    if (link.endsWith("\n")) {
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      return link.trim();
    }
    assert.ok(Date.now() < deadline && server.exitCode === null, "the server does not start");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
