/** A machine with a host on it: its own process, and the processes of the story under users of their own. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Told } from "./tell.ts";

const CLI = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const PATIENCE_MS = 20_000;

/** Runs until the story ends. */
export interface StoryProcess {
  /** What it tells next. @throws Error when it ends instead */
  told(): Promise<Told>;
  ask(): void;
  stop(): Promise<void>;
}

/** Joins this machine with a token, as its operator would, and waits until it serves. */
export async function startHost(
  issuer: string,
  token: string,
  socket: string,
): Promise<{ stop(): Promise<void> }> {
  const args = [CLI, "host", "--server", issuer, "--join-token", token, "--socket", socket];
  const host = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: process.env.PATH ?? "" },
  });
  const gone = once(host, "exit");
  await Promise.race([
    once(host.stdout, "data"),
    gone.then(() => Promise.reject(new Error("the host ended"))),
  ]);
  return {
    async stop() {
      host.kill("SIGTERM");
      await gone;
    },
  };
}

/** A program of the story, under a user, on a machine whose Workload API is at `socket`. */
export const startAs = (
  uid: number,
  program: string,
  socket: string,
  env: Readonly<Record<string, string>>,
): StoryProcess =>
  start(fileURLToPath(new URL(program, import.meta.url)), [], {
    uid,
    gid: uid,
    env: { ...env, SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` },
  });

function start(
  program: string,
  args: string[],
  { env = {}, ...options }: { uid?: number; gid?: number; env?: Record<string, string> },
): StoryProcess {
  const child: ChildProcess = fork(program, args, {
    ...options,
    cwd: "/",
    stdio: ["ignore", "inherit", "pipe", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return {
    ask: () => void child.send("report"),
    async told() {
      const waited = { signal: AbortSignal.timeout(PATIENCE_MS) };
      const ended = once(child, "exit", waited).then(([code]) => {
        throw new Error(`${program} ended with ${code}: ${said}`);
      });
      const [message] = (await Promise.race([once(child, "message", waited), ended])) as [Told];
      return message;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      if (child.connected) child.disconnect();
      else child.kill("SIGKILL");
      await gone;
    },
  };
}
