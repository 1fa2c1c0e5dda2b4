import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Standing } from "./standing.ts";
import { said, type TestHost, type TestProcess, testHost } from "./test-host.ts";
import { entryOf } from "./test-upstream.ts";
import type { Workload } from "./workload.ts";

const TTL = 600;

/** What may happen to a host, in any order. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("pass" as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ kind: fc.constant("connect" as const), process: fc.nat(3) }),
  fc.record({ kind: fc.constant("exit" as const), process: fc.nat(3) }),
  fc.record({ kind: fc.constant("away" as const), away: fc.boolean() }),
  fc.record({ kind: fc.constant("refuse" as const), refuse: fc.boolean() }),
  fc.record({ kind: fc.constant("entries" as const), count: fc.nat(2) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer One> ? One : never;

interface Play {
  readonly host: TestHost;
  readonly processes: TestProcess[];
  readonly workloads: Map<number, Workload>;
  /** Told to the stream of each process, last. */
  readonly told: Map<number, Standing>;
  /** Whose each identity was, for ever. */
  readonly owners: Map<string, string>;
}

async function happen(play: Play, one: Happening): Promise<void> {
  const { host, processes } = play;
  if (one.kind === "pass") await host.clock.advance(one.seconds * 1_000);
  else if (one.kind === "away") host.upstream.away = one.away;
  else if (one.kind === "refuse") refuse(host, one.refuse);
  else if (one.kind === "entries") {
    host.upstream.entryList = Array.from({ length: one.count }, (_, i) => entryOf(`e${i}`, { ttl: TTL }));
    host.upstream.change();
  } else if (one.kind === "connect") connect(play, one.process);
  else {
    processes[one.process]?.exit();
    processes[one.process] = host.process(10 + one.process);
    (processes[one.process] as TestProcess).started = `boot:${host.clock.now()}`;
    play.workloads.delete(one.process);
    play.told.delete(one.process);
  }
  await host.clock.advance(20);
}

function refuse({ upstream }: TestHost, refused: boolean): void {
  if (refused) upstream.refusing.set("e0", { code: "agent_suspended", reason: "Suspended." });
  else upstream.refusing.clear();
}

function connect({ host, processes, workloads, told }: Play, which: number): void {
  const process = processes[which];
  if (process === undefined || workloads.has(which)) return;
  const workload = host.identities.enter(process.connect());
  workloads.set(which, workload);
  workload.watch((standing) => {
    if (workloads.get(which) === workload) told.set(which, standing);
  });
}

/** What holds at every moment, whatever happened. */
async function holds({ host, processes, workloads, owners }: Play): Promise<void> {
  const now = host.clock.now();
  for (const [which, workload] of workloads) {
    const answer = workload.standing();
    await host.clock.advance(20);
    const standing = await answer;
    if (standing.kind !== "served") continue;
    const process = processes[which];
    for (const { id, expires } of standing.svids) {
      assert.ok(expires > now, `${id} has expired`);
      const owner = `${which} ${process?.started}`;
      assert.equal(owners.get(id) ?? owner, owner, "two processes have one identity");
      owners.set(id, owner);
      assert.equal(host.upstream.instances.get(id)?.process, `${process?.pid} ${process?.started}`);
    }
  }
}

test("whatever happens: no expired SVID is served, and no identity is ever two processes'", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 14 }), fc.integer(), async (happenings, seed) => {
      const random = randomBy(seed);
      const host = await testHost({}, { random });
      const processes = [0, 1, 2, 3].map((i) => host.process(10 + i));
      const play: Play = { host, processes, workloads: new Map(), told: new Map(), owners: new Map() };
      for (const one of happenings) {
        await happen(play, one);
        await holds(play);
      }
      await host.identities.close();
    }),
    { numRuns: 40 },
  );
});

test("while the control plane answers, everything is renewed before half of its life is over, and spread", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 60, max: 3_600 }), async (seed, ttl) => {
      const host = await testHost({}, { random: randomBy(seed) });
      host.upstream.entryList = [entryOf("e1", { ttl })];
      host.upstream.change();
      await host.clock.advance(20);
      const renewed: number[] = [];
      const began = host.clock.now();
      for (let i = 0; i < 5; i++) {
        const workload = host.identities.enter(host.process(100 + i).connect());
        let seen = 0;
        workload.watch((standing) => {
          assert.equal(standing.kind, "served");
          if (++seen === 2) renewed.push((host.clock.now() - began) / (ttl * 1_000));
        });
      }
      await host.clock.advance(ttl * 500 + 2_000);
      assert.equal(renewed.length, 5);
      for (const share of renewed)
        assert.ok(share > 0.32 && share < 0.5 + 1_000 / (ttl * 500), String(share));
      // Two that fall due within the same milliseconds may go in one message.
      assert.ok(new Set(renewed).size >= 3, renewed.join());
      await host.identities.close();
    }),
    { numRuns: 15 },
  );
});

test("who is refused at a renewal is served nothing from then on, until he is granted it again", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 4 }), async (seed, renewals) => {
      const host = await testHost({}, { random: randomBy(seed) });
      const told: string[] = [];
      const workload = host.identities.enter(host.process(10).connect());
      workload.watch((standing) => told.push(said(standing)));
      await host.clock.advance(renewals * TTL * 500);
      host.upstream.refusing.set("e1", { code: "agent_suspended", reason: "Suspended." });
      await host.clock.advance(TTL * 500 + 1_000);
      assert.equal(told.at(-1), "agent_suspended");
      const silent = told.length;
      await host.clock.advance(5 * TTL * 1_000);
      assert.deepEqual(new Set(told.slice(silent)), new Set());
      await host.identities.close();
    }),
    { numRuns: 10 },
  );
});

/** Chance that a seed decides. */
function randomBy(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
