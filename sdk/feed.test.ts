import assert from "node:assert/strict";
import { test } from "node:test";
import { Refused } from "./errors.ts";
import { type FeedSource, followFeed } from "./feed.ts";
import { handClock, scriptedFeed } from "./issuer-of-tests.ts";
import { revocationsOf } from "./revocations.ts";

async function followed(known: { seq: number; key: string }[] = []) {
  const clock = handClock();
  const script = scriptedFeed(known);
  const following = followFeed(clock, script.source);
  await script.say({ kind: "head", head: known.length, at: clock.now() });
  return { clock, script, feed: await following };
}

const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 200 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(holds(), "it never came to that");
};

test("what was dead before this process began is known from the snapshot", async () => {
  const { feed } = await followed([
    { seq: 1, key: "task:a" },
    { seq: 2, key: "edge:b" },
  ]);
  assert.ok(feed.isDead(["jti:x", "edge:b"]));
  assert.ok(!feed.isDead(["jti:x"]));
  feed.close();
});

test("a feed that falls silent while it is told is given up", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const silent: FeedSource = { page: () => new Promise(() => {}), async *stream() {} };
  const following = followFeed(handClock(), silent);
  context.mock.timers.tick(10_000);
  await assert.rejects(following, /cannot be followed/);
});

test("what dies while it is followed is known at once", async () => {
  const { feed, script } = await followed();
  await script.say({ kind: "revoked", revocation: { seq: 1, key: "task:a" } });
  assert.ok(feed.isDead(["task:a"]));
  feed.close();
});

test("a feed is fresh for ten seconds after it was heard, and no longer", async () => {
  const { feed, clock } = await followed();
  clock.move(10_000);
  assert.ok(feed.isFresh());
  clock.move(1);
  assert.ok(!feed.isFresh());
  feed.close();
});

test("a revocation is no sign of life: only the head says that nothing is missing", async () => {
  const { feed, clock, script } = await followed();
  clock.move(10_001);
  await script.say({ kind: "revoked", revocation: { seq: 1, key: "task:a" } });
  assert.ok(!feed.isFresh());
  feed.close();
});

test("a head that was held up on its way here counts from when it was said", async () => {
  const { feed, clock, script } = await followed();
  const saidAt = clock.now();
  clock.move(9_000);
  await script.say({ kind: "head", head: 0, at: saidAt + 1_000 });
  clock.move(2_000);
  assert.ok(feed.isFresh());
  clock.move(1);
  assert.ok(!feed.isFresh());
  feed.close();
});

for (const [skew, name] of [
  [-60_000, "behind"],
  [60_000, "ahead of"],
] as const)
  test(`with a clock ${name} the server's, a head that is held up still counts from when it was said`, async () => {
    const real = handClock();
    const clock = { ...real, now: () => real.now() + skew };
    const script = scriptedFeed();
    const following = followFeed(clock, script.source);
    await script.say({ kind: "head", head: 0, at: real.now() });
    const feed = await following;
    const saidAt = real.now() + 1_000;
    real.move(9_000);
    await script.say({ kind: "head", head: 0, at: saidAt });
    real.move(2_000);
    assert.ok(feed.isFresh());
    real.move(1);
    assert.ok(!feed.isFresh());
    feed.close();
  });

test("a stream whose very first head is held up counts from when it was asked for", async () => {
  const clock = handClock();
  const script = scriptedFeed();
  const following = followFeed(clock, script.source);
  await until(() => script.asked.length === 1);
  const saidAt = clock.now();
  clock.move(9_000);
  await script.say({ kind: "head", head: 0, at: saidAt });
  const feed = await following;
  clock.move(1_001);
  assert.ok(!feed.isFresh());
  feed.close();
});

test("when the server's clock is set back or ahead, a new stream tells, and nothing gets fresher than it is", async () => {
  const { feed, clock, script } = await followed();
  const said = clock.now();
  await script.say({ kind: "head", head: 0, at: said + 3_600_000 });
  clock.move(10_001);
  assert.ok(!feed.isFresh(), "an hour ahead of itself, it is no younger");
  await script.say({ kind: "head", head: 0, at: said });
  await until(() => script.asked.length === 2);
  await script.say({ kind: "head", head: 0, at: said + 1_000 });
  assert.ok(feed.isFresh());
  feed.close();
});

/** A machine whose clock may be set, and which may sleep: then only that clock goes on. */
function machine() {
  const clock = handClock();
  let apart = 0;
  return {
    ...clock,
    now: () => clock.now() + apart,
    setOrSleep: (milliseconds: number) => {
      apart += milliseconds;
    },
  };
}

async function followedOn(clock: ReturnType<typeof machine>) {
  const script = scriptedFeed();
  const following = followFeed(clock, script.source);
  const saidAt = clock.elapsed();
  await script.say({ kind: "head", head: 0, at: saidAt });
  return { script, saidAt, feed: await following };
}

test("a machine that has slept relies on nothing from before, also where it lay ready in a buffer", async () => {
  const clock = machine();
  const { feed, script, saidAt } = await followedOn(clock);
  clock.setOrSleep(20_000);
  assert.ok(!feed.isFresh());
  await script.say({ kind: "head", head: 0, at: saidAt + 1 });
  assert.ok(!feed.isFresh(), "said before it slept");
  await until(() => script.asked.length === 2);
  await script.say({ kind: "head", head: 0, at: saidAt + 20_000 });
  assert.ok(feed.isFresh());
  feed.close();
});

test("a clock that is set back hides no sleep: a new stream tells", async () => {
  const clock = machine();
  const { feed, script, saidAt } = await followedOn(clock);
  clock.setOrSleep(-3_600_000);
  clock.setOrSleep(1_800_000);
  assert.ok(!feed.isFresh());
  await script.say({ kind: "head", head: 0, at: saidAt + 1 });
  assert.ok(!feed.isFresh());
  await until(() => script.asked.length === 2);
  assert.ok(!feed.isFresh(), "only because it was asked for");
  await script.say({ kind: "head", head: 0, at: saidAt + 2 });
  assert.ok(feed.isFresh());
  feed.close();
});

test("a stream is followed for five minutes, and the next one goes on before the feed is stale", async () => {
  const { feed, clock, script } = await followed();
  for (let i = 0; i < 61; i++) {
    clock.move(5_000);
    await script.say({ kind: "head", head: 0, at: clock.now() });
    assert.ok(feed.isFresh());
  }
  await until(() => script.asked.length === 2);
  assert.ok(feed.isFresh());
  feed.close();
});

test("a head beyond what was heard means that something is missing: the feed is read again from there", async () => {
  const known: { seq: number; key: string }[] = [];
  const { feed, script, clock } = await followed(known);
  known.push({ seq: 1, key: "task:a" });
  clock.move(10_001);
  await script.say({ kind: "head", head: 1, at: clock.now() });
  assert.ok(!feed.isFresh());
  await until(() => feed.isDead(["task:a"]));
  feed.close();
});

test("a gap between two revocations means the same", async () => {
  const known: { seq: number; key: string }[] = [];
  const { feed, script } = await followed(known);
  known.push({ seq: 1, key: "task:a" }, { seq: 2, key: "task:b" });
  await script.say({ kind: "revoked", revocation: { seq: 2, key: "task:b" } });
  await until(() => feed.isDead(["task:a"]));
  feed.close();
});

test("a stream that breaks is resumed after the last place that was heard", async () => {
  const { feed, script } = await followed();
  await script.say({ kind: "revoked", revocation: { seq: 1, key: "task:a" } }, "break");
  await until(() => script.asked.length === 2);
  assert.deepEqual(script.asked, [0, 1]);
  feed.close();
});

test("a feed that was set back is read from its beginning; what was dead stays dead", async () => {
  const clock = handClock();
  const script = scriptedFeed([{ seq: 1, key: "task:a" }]);
  let setBack = false;
  const source: FeedSource = {
    ...script.source,
    async page(after) {
      if (!setBack) return script.source.page(after);
      if (after > 0) throw new Refused("set back", { code: "gone", status: 410 });
      return { items: [], more: false };
    },
  };
  const following = followFeed(clock, source);
  await script.say({ kind: "head", head: 1, at: clock.now() });
  const feed = await following;
  setBack = true;
  await script.say("break");
  await until(() => script.asked.at(-1) === 0);
  assert.ok(!feed.isFresh());
  assert.ok(feed.isDead(["task:a"]));
  await script.say({ kind: "head", head: 0, at: clock.now() });
  assert.ok(feed.isFresh());
  feed.close();
});

test("a feed that says there is more and does not go on is left, and a closed one is asked no further", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let asked = 0;
  const stuck: FeedSource = {
    async page() {
      asked += 1;
      return { items: [], more: true };
    },
    async *stream() {},
  };
  const following = followFeed(handClock(), stuck);
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  assert.equal(asked, 1);
  context.mock.timers.tick(10_000);
  await assert.rejects(following, /more and does not go on/);
  const clock = handClock();
  let seq = 0;
  const endless: FeedSource = {
    async page() {
      await new Promise((resolve) => setImmediate(resolve));
      seq += 1;
      return { items: [{ seq, key: `jti:${seq}` }], more: true };
    },
    async *stream() {},
  };
  const late = followFeed(clock, endless, () => {
    if (seq === 5) context.mock.timers.tick(10_000);
  });
  await assert.rejects(late, /cannot be followed/);
  const then = seq;
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(seq <= then + 1);
});

test("a page without its list of revocations cannot be read", async () => {
  const answering = (page: object) => revocationsOf({ ask: async () => page } as never);
  assert.deepEqual(await answering({ items: [] }).page(0), { items: [], more: false });
  await assert.rejects(answering({ next: "2" }).page(0), /cannot be read/);
});

test("a closed feed is not fresh", async () => {
  const { feed } = await followed();
  feed.close();
  assert.ok(!feed.isFresh());
});
