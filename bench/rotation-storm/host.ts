/**
 * A machine whose processes are as many as are wanted and made up, and everything else of it is real: it attests them
 * at a real server. When it is told to, they all fall due, within as short a time as jitter leaves.
 */
import type { HostClock } from "../../host/identity/index.ts";
import { openIdentities, type Standing } from "../../host/identity/index.ts";
import type { Peer } from "../../host/peer/index.ts";
import { HttpUpstream, join, openTransport, type Upstream } from "../../host/upstream/index.ts";

/** What came of it; times in milliseconds. */
export interface Stormed {
  readonly renewed: number;
  /** Found without an SVID at any time, or refused. */
  readonly lost: number;
  /** From the first renewal to the last. */
  readonly spread: number;
  /** Of each message to the server, which carries up to a hundred renewals. */
  readonly messages: readonly number[];
}

const [origin = "", token = "", processes = "0", firstDue = "0", faster = "1"] = process.argv.slice(2);
const COUNT = Number(processes);

/** Timers of renewals wait until the storm, and then run as much faster. */
function stormClock(): HostClock & { release(): void } {
  const held: (() => void)[] = [];
  let released = false;
  return {
    now: () => Date.now(),
    after(milliseconds, call) {
      if (milliseconds < Number(firstDue) / 2) return later(milliseconds, call);
      let forget = (): void => undefined;
      const start = (): void => {
        forget = later(Math.max(0, milliseconds - Number(firstDue)) / Number(faster), call);
      };
      if (released) return later(milliseconds, call);
      held.push(start);
      return () => forget();
    },
    release() {
      released = true;
      for (const start of held) start();
    },
  };
}

function later(milliseconds: number, call: () => void): () => void {
  const timer = setTimeout(call, milliseconds);
  return () => clearTimeout(timer);
}

const transport = openTransport({ origin });
const joined = await join(transport, async () => ({ type: "join_token", payload: { token } }));
const messages: number[] = [];
const upstream = timed(new HttpUpstream(transport, joined));
const clock = stormClock();
const identities = openIdentities(
  {
    upstream,
    clock,
    random: Math.random,
    log: (level, message, about) => void (level === "error" && console.error(message, about)),
    attest: async ({ pid, started }) => ({
      pid,
      started,
      selectors: ["unix:gid:1001", "unix:uid:1001"],
      files: [],
    }),
  },
  { processes: COUNT, processesOfUser: COUNT, measuring: 1_000 },
);
await identities.opened;

function timed(real: Upstream): Upstream {
  return {
    entries: () => real.entries(),
    bundles: () => real.bundles(),
    ended: (instances) => real.ended(instances),
    jwtSvid: (instance, audience) => real.jwtSvid(instance, audience),
    onChange: (changed) => real.onChange(changed),
    async attest(requests) {
      const began = performance.now();
      const answers = await real.attest(requests);
      messages.push(performance.now() - began);
      return answers;
    },
  };
}

const peer = (pid: number): Peer => ({
  pid,
  uid: 1001,
  gid: 1001,
  started: `boot:${pid}`,
  isAlive: () => true,
  onExit: () => undefined,
  close: () => undefined,
});

const first = new Map<number, number>();
const renewals: number[] = [];
let lost = 0;
const all = Promise.withResolvers<void>();
const again = Promise.withResolvers<void>();

function told(pid: number, standing: Standing): void {
  if (standing.kind !== "served") lost += 1;
  else if (!first.has(pid)) first.set(pid, standing.svids[0]?.expires ?? 0);
  else renewals.push(performance.now());
  if (first.size === COUNT) all.resolve();
  if (renewals.length >= COUNT) again.resolve();
}

for (let pid = 1; pid <= COUNT; pid++) identities.enter(peer(pid)).watch((standing) => told(pid, standing));
await all.promise;
messages.length = 0;
process.send?.("ready");
process.on("message", async () => {
  clock.release();
  await again.promise;
  const spread = (renewals.at(-1) ?? 0) - (renewals[0] ?? 0);
  process.send?.({ renewed: renewals.length, lost, spread, messages } satisfies Stormed);
});
