import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { eventually } from "./chance.ts";
import { Skipped } from "./report.ts";
import { freePort } from "./server-process.ts";

const USUAL_FOLDER = "/usr/lib/postgresql/15/bin";

/** A PostgreSQL server of our own, which may be killed. It syncs, as in production. */
export interface PrivatePostgres {
  readonly url: string;
  /** Ends all its processes at once, as the loss of the machine would. */
  kill(): Promise<void>;
  /** Starts it again on the same data and waits until it answers. */
  start(): Promise<void>;
  /** Stops and continues all its processes: it is reachable and does not answer. */
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
}

/** @throws Skipped where there are no binaries, or nobody to run them as */
export async function privatePostgres(): Promise<PrivatePostgres> {
  const binaries = process.env.COUNTERSIGN_TEST_POSTGRES_BIN ?? USUAL_FOLDER;
  const folder = mkdtempSync(join(tmpdir(), "countersign-postgres-"));
  const asUser = asWhom(binaries, folder);
  const data = join(folder, "data");
  const [initdb, ...initArguments] = asUser(join(binaries, "initdb"), [
    "-D",
    data,
    "-A",
    "trust",
    "-U",
    "postgres",
  ]);
  execFileSync(initdb, initArguments, { stdio: "ignore", cwd: folder });
  const port = await freePort();
  const options = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=on"];
  const [command, ...args] = asUser(join(binaries, "postgres"), options);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | undefined;
  // runuser stops and ends with its child, but does not go on with it, so it is sent everything as well.
  const everyProcess = (): number[] =>
    child?.pid === undefined ? [] : [...new Set([...familyOf(data), child.pid])];
  const signalAll = (name: NodeJS.Signals): void => {
    for (const pid of everyProcess()) signal(pid, name);
  };
  const postgres: PrivatePostgres = {
    url,
    start: () =>
      eventually(20_000, async () => {
        // It does not start while the last of the killed ones still holds the shared memory.
        if (hasEnded(child)) child = spawn(command, args, { stdio: "ignore", cwd: folder });
        await answers(url);
      }),
    async kill() {
      signalAll("SIGKILL");
      if (child !== undefined && !hasEnded(child)) await once(child, "exit");
      child = undefined;
    },
    freeze: () => signalAll("SIGSTOP"),
    thaw: () => signalAll("SIGCONT"),
    async remove() {
      await postgres.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  process.on("exit", () => signalAll("SIGKILL"));
  await postgres.start();
  return postgres;
}

const hasEnded = (child: ChildProcess | undefined): boolean =>
  child === undefined || child.exitCode !== null || child.signalCode !== null;

/** PostgreSQL refuses to run as root; then it runs as the user `postgres`, who gets the folder. */
function asWhom(
  binaries: string,
  folder: string,
): (program: string, args: string[]) => [string, ...string[]] {
  try {
    accessSync(join(binaries, "postgres"));
    if (process.getuid?.() !== 0) return (program, args) => [program, ...args];
    const id = (flag: string): number =>
      Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
    chownSync(folder, id("-u"), id("-g"));
    return (program, args) => ["runuser", "-u", "postgres", "--", program, ...args];
  } catch {
    rmSync(folder, { recursive: true, force: true });
    throw new Skipped(`no PostgreSQL in ${binaries}, or no user to run it as`);
  }
}

/** The postmaster and its children; nothing once it has ended. */
function familyOf(data: string): number[] {
  try {
    const pid = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0];
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    return [Number(pid), ...children.map(Number)];
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile, which is all that was wanted.
  }
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query("select 1");
  } finally {
    await client.end();
  }
}
