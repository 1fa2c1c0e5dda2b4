import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Load, Loaded } from "./load.ts";

/** Servers share one core, so that each has all of it in its turn; who asks has the others. */
export const SERVER_CORE = "0";

/**
 * A process that stays on one core with all its threads.
 * @throws Error where there is no taskset: unpinned, the figures would mean nothing
 */
export function startOn(core: string, args: readonly string[], ipc = false): ChildProcess {
  const command = ["-c", core, process.execPath, "--disable-warning=ExperimentalWarning", ...args];
  const stdio: StdioOptions = ["ignore", "inherit", "inherit", ...(ipc ? (["ipc"] as const) : [])];
  return spawn("taskset", command, { stdio });
}

/** The process that asks. */
export const startLoad = (): ChildProcess =>
  startOn(
    availableParallelism() > 1 ? "1" : "0",
    [fileURLToPath(new URL("./load.ts", import.meta.url))],
    true,
  );

/** @throws Error when anything was refused: then the figures are of something else */
export async function loaded(load: ChildProcess, what: Load): Promise<Loaded> {
  load.send(what);
  const [result] = (await once(load, "message")) as [Loaded];
  if (result.refused === 0 && result.answers > 0) return result;
  throw new Error(`${result.refused} of ${result.answers} were refused: ${result.refusal}`);
}

/** The processor time that all threads of a process have used, in milliseconds. */
export function busyMs({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Waits until somebody listens. @throws Error after ten seconds */
export async function listening(port: number): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const socket = connect({ port, host: "127.0.0.1" });
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on ${port}`);
}

/** Ends a process in order. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** To three places: more would be noise. */
export const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

/** A server on plain HTTP over a folder, as `startOn` takes it. */
export const serveArguments = (data: string, port: number): string[] => [
  fileURLToPath(new URL("../../cli/main.ts", import.meta.url)),
  "serve",
  ...["--data", data, "--port", String(port), "--issuer", `http://localhost:${port}`],
];
