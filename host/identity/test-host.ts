/** For tests only: a host whose processes are made up, and everything else is real. */
import type { Peer } from "../peer/peer.ts";
import type { Attested } from "../process/attested.ts";
import { openIdentities } from "./identities.ts";
import type { IdentityDeps } from "./ports.ts";
import type { Standing } from "./standing.ts";
import { type TestClock, testClock } from "./test-clock.ts";
import { type TestUpstream, testUpstream } from "./test-upstream.ts";

/** A process, as a test plays it. */
export interface TestProcess {
  readonly pid: number;
  readonly uid: number;
  started: string;
  selectors: string[];
  /** What measuring it throws. */
  wrong: Error | undefined;
  /** Whether the kernel can be asked about it just now. */
  unseen: boolean;
  exit(): void;
  /** A connection of it. */
  connect(): Peer;
  /** Peers that have not been let go of. */
  open(): number;
}

export function processOf(pid: number, uid = 1001, started = `boot:${pid}`): TestProcess {
  let [alive, open] = [true, 0];
  const exits = new Set<() => void>();
  const process: TestProcess = {
    pid,
    uid,
    started,
    selectors: [`unix:uid:${uid}`],
    wrong: undefined,
    unseen: false,
    exit() {
      alive = false;
      for (const gone of exits) gone();
    },
    connect() {
      open += 1;
      return {
        pid,
        uid,
        gid: uid,
        started: process.started,
        isAlive: () => alive && !process.unseen,
        isGone: () => !alive,
        onExit: (gone) => void (alive ? exits.add(gone) : gone()),
        close: () => {
          open -= 1;
        },
      };
    },
    open: () => open,
  };
  return process;
}

export interface TestHost {
  readonly clock: TestClock;
  readonly upstream: TestUpstream;
  readonly identities: ReturnType<typeof openIdentities>;
  readonly logged: string[];
  /** What was wanted of each measurement. */
  readonly measured: string[];
  process(pid: number, uid?: number): TestProcess;
}

export async function testHost(
  limits: Parameters<typeof openIdentities>[1] = {},
  { away = false, random = () => 0.5 }: { away?: boolean; random?: () => number } = {},
): Promise<TestHost> {
  const clock: TestClock = testClock(() => upstream.isWorking());
  const upstream: TestUpstream = await testUpstream(clock.now);
  upstream.away = away;
  const processes = new Map<number, TestProcess>();
  const logged: string[] = [];
  const measured: string[] = [];
  const deps: IdentityDeps = {
    upstream,
    clock,
    random,
    log: (_level, message, about = {}) => void logged.push(`${message} ${about.code ?? ""}`),
    async attest(peer, wanted, worth): Promise<Attested> {
      const all = [...(processes.get(peer.pid)?.selectors ?? [])].sort();
      const place = all.filter((selector) => !selector.startsWith("unix:sha256:"));
      if (worth?.(place) === false)
        return { pid: peer.pid, started: peer.started, selectors: place, files: [], unread: true };
      measured.push(wanted.files.map(({ path }) => path).join());
      const process = processes.get(peer.pid);
      if (process?.wrong !== undefined) throw process.wrong;
      const { pid, started } = peer;
      const files = wanted.files.map((file) => ({ ...file, sha256: "00".repeat(32) }));
      return { pid, started, selectors: all, files };
    },
  };
  const identities = openIdentities(deps, limits);
  await identities.opened;
  return {
    clock,
    upstream,
    identities,
    logged,
    measured,
    process(pid, uid) {
      const process = processOf(pid, uid);
      processes.set(pid, process);
      return process;
    },
  };
}

/** In short, for comparing. */
export const said = (standing: Standing | undefined): string =>
  standing === undefined
    ? "nothing"
    : standing.kind === "served"
      ? standing.svids.map(({ id }) => id.split("/").slice(-2).join("/")).join(" ")
      : standing.kind === "away"
        ? "away"
        : standing.code;
