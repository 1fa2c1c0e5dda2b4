/** What compiled policies and stored entities hold in memory, each measured in a fresh process. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figures } from "./run.ts";

const CHILD = fileURLToPath(new URL("decisions-workload/hold.ts", import.meta.url));
const POLICIES = 10_000;
const ENTITIES = 100_000;
const ROUNDS = 3;

export async function run(): Promise<Figures> {
  const rounds = Array.from({ length: ROUNDS }, hold);
  const column = (member: keyof Held) => median(rounds.map((round) => round[member]));
  return {
    bytesPerPolicy: Math.round(column("policyBytes") / POLICIES),
    bytesPerEntity: Math.round(column("entityBytes") / ENTITIES),
    heldMb: megabytes(column("policyBytes") + column("entityBytes")),
    heapMb: megabytes(column("heapBytes")),
    residentMb: megabytes(column("residentBytes")),
    policies: POLICIES,
    entities: ENTITIES,
    rounds: ROUNDS,
  };
}

interface Held {
  readonly policyBytes: number;
  readonly entityBytes: number;
  /** Everything on the heap at the end, the runtime's own included. */
  readonly heapBytes: number;
  readonly residentBytes: number;
}

function hold(): Held {
  const args = ["--expose-gc", "--disable-warning=ExperimentalWarning", CHILD, `${POLICIES}`, `${ENTITIES}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Held;
}

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
