/**
 * How long 1,000 new policies take until they decide (checked, tested, read in another thread, built, stored and
 * activated), and for how long they hold up decisions that are being made meanwhile by the policies before them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrations } from "../server/app/index.ts";
import { RefusalCounter } from "../server/audit/index.ts";
import { defineServer, defineTool } from "../server/catalog/index.ts";
import { openDatabase } from "../server/database/index.ts";
import { openKeyRing } from "../server/keys/index.ts";
import { silentLog, system, systemClock, systemRandom } from "../server/lib/index.ts";
import {
  ActivePolicies,
  activeSet,
  decide,
  type PolicyDeps,
  type PolicyFile,
  type Question,
  replacePolicies,
} from "../server/policy/index.ts";
import type { Agent } from "../server/registry/index.ts";
import type { Figures } from "./run.ts";

const POLICIES = 1_000;
const FILES = 10;
const TOOLS = 20;
const ROUNDS = 7;
/** A decision is due so often, in milliseconds. */
const PACE_MS = 1;
const QUIET_MS = 500;

export async function run(): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  const basics = { clock: systemClock, random: systemRandom, log: silentLog };
  const database = await openDatabase(basics, { folder }, migrations);
  try {
    const sealer = await openKeyRing(basics, join(folder, "keys"));
    const deps: PolicyDeps = {
      ...basics,
      database,
      sealer,
      refusals: new RefusalCounter(),
      trustDomain: "bench.example",
      policies: new ActivePolicies(),
    };
    await pinTools(deps);
    deps.policies.serve(); // as a server that is up
    return await measured(deps);
  } finally {
    await database.close();
    rmSync(folder, { recursive: true });
  }
}

async function measured(deps: PolicyDeps): Promise<Figures> {
  const cold = await activation(deps, 0);
  const rounds: Round[] = [];
  for (let round = 1; round <= ROUNDS; round++) rounds.push(await activation(deps, round));
  const of = (member: keyof Round): number => rounded(median(rounds.map((round) => round[member])));
  return {
    activateMs: of("activateMs"),
    coldMs: rounded(cold.activateMs),
    delayMs: of("delayMs"),
    delayCpuMs: of("delayCpuMs"),
    longestDelayMs: rounded(Math.max(cold.delayMs, ...rounds.map(({ delayMs }) => delayMs))),
    quietDelayMs: of("quietMs"),
    decisions: of("decisions"),
    policies: POLICIES,
    rounds: ROUNDS,
  };
}

interface Round {
  readonly activateMs: number;
  /** The longest that a decision came late while the policies were made ready. */
  readonly delayMs: number;
  /** The longest that this thread computed anything else before a decision that was due. */
  readonly delayCpuMs: number;
  /** The same while nothing else was done. */
  readonly quietMs: number;
  readonly decisions: number;
}

async function activation(deps: PolicyDeps, round: number): Promise<Round> {
  const quiet = await decisionsDuring(deps, () => new Promise((resolve) => setTimeout(resolve, QUIET_MS)));
  const files = policyFiles(round);
  const began = performance.now();
  let activateMs = 0;
  const busy = await decisionsDuring(deps, async () => {
    const { version } = await replacePolicies(deps, system, files);
    const set = await activeSet(deps);
    if (set?.version !== version || set.policies.size !== POLICIES) throw new Error("other policies decide");
    activateMs = performance.now() - began;
  });
  return {
    activateMs,
    delayMs: busy.longest,
    delayCpuMs: busy.longestCpu,
    quietMs: quiet.longest,
    decisions: busy.count,
  };
}

/** Decides at a steady pace by whatever decides, for as long as something else goes on. */
async function decisionsDuring(
  deps: PolicyDeps,
  other: () => Promise<unknown>,
): Promise<{ longest: number; longestCpu: number; count: number }> {
  let [going, longest, longestCpu, count] = [true, 0, 0, 0];
  const ended = other().finally(() => {
    going = false;
  });
  let due = performance.now();
  while (going) {
    due = Math.max(due + PACE_MS, performance.now());
    const cpu = threadCpuMs();
    await new Promise((resolve) => setTimeout(resolve, Math.max(due - performance.now(), 0)));
    const set = await activeSet(deps);
    decide({ ...QUESTION, now: Date.now() }, set, []);
    longest = Math.max(longest, performance.now() - due);
    longestCpu = Math.max(longestCpu, threadCpuMs() - cpu);
    count += 1;
    due = performance.now();
  }
  await ended;
  return { longest, longestCpu, count };
}

/** What this thread has computed so far: on a machine that does other things too, its own work can still be told. */
function threadCpuMs(): number {
  const { user, system: kernel } = (process as unknown as ThreadCpu).threadCpuUsage();
  return (user + kernel) / 1_000;
}

/** Node 24 has it, its declarations do not yet. */
interface ThreadCpu {
  threadCpuUsage(): { user: number; system: number };
}

async function pinTools(deps: PolicyDeps): Promise<void> {
  await defineServer(deps, system, { id: "bench", resource: "https://bench.example" });
  for (let i = 0; i < TOOLS; i++) {
    await defineTool(deps, system, {
      definition: {
        server: "bench",
        name: `tool-${i}`,
        description: "A tool.",
        labels: i % 2 === 0 ? ["read"] : ["write"],
        inputSchema: { type: "object", properties: { amount: { type: "integer" }, to: { type: "string" } } },
      },
    });
  }
}

/** Permits of what reads and forbids of what writes, none like another, in other files each round. */
function policyFiles(round: number): PolicyFile[] {
  const each = POLICIES / FILES;
  return Array.from({ length: FILES }, (_, file) => ({
    name: `file-${file}`,
    text: Array.from({ length: each }, (_, i) => policyText(round, file * each + i)).join("\n"),
  }));
}

function policyText(round: number, i: number): string {
  const tool = i % TOOLS;
  const head = `@id("policy-${i}")\n@reason("Reason ${i} of round ${round}.")\n`;
  const scope = `(principal is Agent, action == Action::"bench/tool-${tool}", resource)`;
  if (tool % 2 === 0)
    return `${head}permit ${scope}\nwhen { principal.class == "class-${i}" && context.strength_rank > 1 };`;
  return `${head}forbid ${scope}\nwhen { context.args has amount && context.args.amount > ${i + round} && context.now.hour < 24 };`;
}

const QUESTION: Question = {
  action: "call",
  tool: "bench/tool-1",
  agent: {
    name: "bench",
    class: "reporting",
    purpose: "is measured",
    environment: "production",
    owner: "person_bench",
    created: 0,
    status: "active",
    grants: [],
    delegation: { max_depth: 1, grants: [], delegate_to: [], needs_person: [] },
    epoch: 0,
    access: 0,
    revision: 0,
  } as Agent,
  strength: "enrolled-key",
  authority: { covered: true, missing: [] },
  resource: { location: "https://bench.example", name: "bench" },
  args: { amount: 7, to: "somebody" },
  holder: "bench",
  now: 0,
};

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const rounded = (value: number): number => Math.round(value * 10) / 10;
