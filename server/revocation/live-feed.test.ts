import assert from "node:assert/strict";
import { afterEach, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { auditMigrations, perform } from "../audit/index.ts";
import { forEachEngine, type TestDatabase } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import type { Answer } from "../http/index.ts";
import { type Caller, Fault, nobody, system } from "../lib/index.ts";
import { LiveFeed, revocationFeed, revocationMigrations, revocationSnapshot, revoke } from "./index.ts";
import type { RevocationTables } from "./store.ts";

interface Asked {
  count: number;
  away: boolean;
  /** Called when the next answer has come, which is held back until the promise resolves. */
  hold: (() => Promise<void>) | undefined;
}

interface House extends TestDatabase {
  readonly feed: LiveFeed;
  /** One turn of the poll. */
  tick(): Promise<void>;
  /** Selects sent to the table of revocations. */
  readonly asked: Asked;
}

/** What does not end. */
const lasting = { keys: [], expires: Number.POSITIVE_INFINITY };

forEachEngine((engine) => {
  const houses: House[] = [];
  afterEach(async () => {
    for (const house of houses.splice(0)) {
      await house.feed.close();
      await house.close();
    }
  });
  /** @param deaf hears no announcements, as when they are lost */
  const house = async ({ deaf = false } = {}): Promise<House> => {
    const opened = moveIn(await engine.open([...auditMigrations, ...revocationMigrations]), deaf);
    houses.push(opened);
    return opened;
  };

  it("who follows is told first what is dead already, in order, then what dies, each once", async () => {
    const { deps, feed } = await house();
    await kill(deps, ["task:a", "task:b"]);
    const follower = new Follower();
    await feed.follow(follower, 0, lasting);
    assert.deepEqual(follower.told(), [1, 2]);
    await kill(deps, ["jti:c"]);
    await follower.hears(3);
    await kill(deps, ["jti:c", "jti:d"]);
    await follower.hears(4);
    assert.deepEqual(follower.told(), [1, 2, 3, 4]);
    assert.deepEqual(follower.keys(), ["task:a", "task:b", "jti:c", "jti:d"]);
  });

  it("who comes again goes on after the last that it saw", async () => {
    const { deps, feed } = await house();
    await kill(deps, ["task:a", "task:b", "task:c"]);
    const follower = new Follower();
    await feed.follow(follower, 2, lasting);
    assert.deepEqual(follower.told(), [3]);
  });

  it("an announcement that is lost costs no more than one poll", async () => {
    const { deps, feed, tick } = await house({ deaf: true });
    const follower = new Follower();
    await feed.follow(follower, 0, lasting);
    await kill(deps, ["task:a"]);
    assert.deepEqual(follower.told(), []);
    await tick();
    assert.deepEqual(follower.told(), [1]);
  });

  it("a thousand followers cost one query for a change, and hear of it in the same turn", async () => {
    const { deps, feed, asked, tick } = await house({ deaf: true });
    const followers = Array.from({ length: 1_000 }, () => new Follower());
    for (const follower of followers) await feed.follow(follower, 0, lasting);
    asked.count = 0;
    await kill(deps, ["task:a"]);
    const before = asked.count;
    await tick();
    assert.equal(asked.count - before, 1);
    for (const follower of followers) assert.deepEqual(follower.told(), [1]);
  });

  it("more than one page is told whole, to newcomers and to those who wait", async () => {
    const { deps, feed, tick } = await house({ deaf: true });
    const waiting = new Follower();
    await feed.follow(waiting, 0, lasting);
    for (let i = 0; i < 3; i++)
      await kill(
        deps,
        Array.from({ length: 400 }, (_, n) => `jti:${i}-${n}`),
      );
    await tick();
    const newcomer = new Follower();
    await feed.follow(newcomer, 0, lasting);
    const all = Array.from({ length: 1_200 }, (_, i) => i + 1);
    assert.deepEqual(waiting.told(), all);
    assert.deepEqual(newcomer.told(), all);
  });

  it("those who join in the middle of a storm miss nothing and hear nothing twice", async () => {
    const { deps, feed, tick } = await house();
    const followers: Follower[] = [];
    for (let i = 0; i < 20; i++) {
      const follower = new Follower();
      followers.push(follower);
      await Promise.all([
        kill(deps, [`jti:a${i}`]),
        feed.follow(follower, Math.floor(i / 2), lasting),
        kill(deps, [`jti:b${i}`]),
        feed.look(),
      ]);
    }
    await tick();
    for (const [i, follower] of followers.entries()) {
      const first = Math.floor(i / 2) + 1;
      assert.deepEqual(
        follower.told(),
        Array.from({ length: 41 - first }, (_, n) => first + n),
      );
    }
  });

  it("who joins between the question and its answer is not told the answer to another's question", async () => {
    const { deps, feed, asked } = await house({ deaf: true });
    const early = new Follower();
    await feed.follow(early, 0, lasting);
    const late = new Follower();
    const readNothing = hold(asked);
    const joining = feed.follow(late, 0, lasting); // has read that nothing is dead, and not heard so yet
    await readNothing.asked;
    await kill(deps, ["task:a"]);
    await feed.look();
    assert.deepEqual(early.told(), [1]);
    await kill(deps, ["task:b"]);
    const readSecond = hold(asked);
    const looking = feed.look(); // asks what comes after the first
    await readSecond.asked;
    readNothing.release();
    await turn();
    readSecond.release();
    await Promise.all([joining, looking]);
    await feed.look();
    assert.deepEqual(early.told(), [1, 2]);
    assert.deepEqual(late.told(), [1, 2]);
  });

  it("a head is told on arrival and at least every two seconds, and is never ahead of what was told", async () => {
    const { deps, feed, tick } = await house();
    const follower = new Follower();
    await feed.follow(follower, 0, lasting);
    for (let i = 0; i < 40; i++) {
      deps.clock.advance(500);
      if (i % 7 === 0) await kill(deps, [`task:${i}`]);
      await tick();
    }
    const heads = follower.heads();
    assert.equal(heads[0]?.head, 0);
    for (const [i, { at }] of heads.entries()) assert.ok(at - (heads[i - 1]?.at ?? at) <= 2_000);
    assert.ok(deps.clock.now() - (heads.at(-1)?.at ?? 0) <= 2_000);
    for (const { head, toldBefore } of heads) assert.equal(head, toldBefore);
    assert.ok(follower.text.startsWith("event: head\ndata: {"));
  });

  it("while the database cannot be asked no head is told, so that followers grow stale and refuse", async () => {
    const { deps, feed, asked, tick } = await house();
    const follower = new Follower();
    await feed.follow(follower, 0, lasting);
    const before = follower.text;
    asked.away = true;
    for (let i = 0; i < 30; i++) {
      deps.clock.advance(500);
      await tick();
    }
    assert.equal(follower.text, before);
    asked.away = false;
    deps.clock.advance(500);
    await tick();
    assert.notEqual(follower.text, before);
  });

  it("who comes while the database cannot be asked is sent away to come again", async () => {
    const { feed, asked } = await house();
    asked.away = true;
    const follower = new Follower();
    await feed.follow(follower, 0, lasting);
    assert.ok(follower.ended && follower.text === "");
  });

  it("who has left is not written to any more, and costs nothing", async () => {
    const { deps, feed, asked, tick } = await house({ deaf: true });
    const follower = new Follower();
    await feed.follow(follower, 0, lasting);
    follower.leave();
    const before = follower.text;
    await kill(deps, ["task:a"]);
    const count = asked.count;
    await tick();
    assert.equal(follower.text, before);
    assert.equal(asked.count, count);
  });

  it("whose credential dies is told so and sent away; others stay", async () => {
    const { deps, feed } = await house();
    const [one, other] = [new Follower(), new Follower()];
    const expires = Number.POSITIVE_INFINITY;
    await feed.follow(one, 0, { keys: ["jti:one", "service:reports#1"], expires });
    await feed.follow(other, 0, { keys: ["jti:other"], expires });
    await kill(deps, ["service:reports#1"]);
    await other.hears(1);
    assert.deepEqual([one.told(), one.ended, other.ended], [[1], true, false]);
    const late = new Follower();
    await feed.follow(late, 1, { keys: ["service:reports#1"], expires });
    assert.ok(late.ended && late.text === "", "also where it died before it came, whatever place it names");
  });

  it("whose credential has expired is sent away, also while the database cannot be asked", async () => {
    const { deps, feed, asked, tick } = await house();
    for (const away of [false, true]) {
      const [one, other] = [new Follower(), new Follower()];
      await feed.follow(one, 0, { keys: [], expires: deps.clock.now() + 1_000 });
      await feed.follow(other, 0, lasting);
      asked.away = away;
      deps.clock.advance(999);
      await tick();
      assert.equal(one.ended, false);
      deps.clock.advance(1);
      await tick();
      assert.deepEqual([one.ended, other.ended], [true, false]);
      asked.away = false;
    }
  });

  it("a request of which nobody knows when its credential ends is answered for five minutes", async () => {
    const { deps, feed, tick } = await house();
    const follower = new Follower();
    (await stream(deps, feed, {})).stream?.(follower);
    while (follower.text === "") await turn();
    deps.clock.advance(300_000);
    await tick();
    assert.ok(follower.ended);
  });

  it("a session follows for five minutes and comes again, since nothing is told here when it closes", async () => {
    const { deps, feed, tick } = await house();
    const credential = { keys: ["person:person_a#0"], expires: deps.clock.now() + 3_600_000 };
    const [session, token] = [new Follower(), new Follower()];
    for (const [follower, via] of [
      [session, "session"],
      [token, "access-token"],
    ] as const) {
      (await stream(deps, feed, {}, undefined, { via, credential })).stream?.(follower);
      while (follower.text === "") await turn();
    }
    deps.clock.advance(300_000);
    await tick();
    assert.deepEqual([session.ended, token.ended], [true, false]);
  });

  it("closing ends every connection and stops the poll", async () => {
    const { feed, tick, asked } = await house();
    const followers = [new Follower(), new Follower()];
    for (const follower of followers) await feed.follow(follower, 0, lasting);
    await feed.close();
    assert.ok(followers.every(({ ended }) => ended));
    const count = asked.count;
    await tick();
    assert.equal(asked.count, count);
  });

  it("who is still being told what is dead already when the feed closes is sent away too, and not written to", async () => {
    const { deps, feed, asked } = await house();
    await kill(deps, ["task:a"]);
    const reading = hold(asked);
    const follower = new Follower();
    const joining = feed.follow(follower, 0, lasting);
    await reading.asked;
    await feed.close();
    reading.release();
    await joining;
    assert.ok(follower.ended && follower.text === "");
  });

  it("when the database was set back its followers are sent away, not left waiting for places that come twice", async () => {
    const { deps, feed, tick, database } = await house();
    await kill(deps, ["task:a", "task:b"]);
    const follower = new Follower();
    await feed.follow(follower, 0, lasting);
    const back = new Change(database);
    const tables = back.tables<RevocationTables>();
    back.add(tables.deleteFrom("revocation").where("seq", "=", 2));
    back.add(tables.updateTable("revocation_head").set({ seq: 1 }));
    await database.commit(back);
    await tick();
    assert.ok(follower.ended);
  });

  it("the snapshot tells everything in pages, and how far the feed has come", async () => {
    const { deps, feed } = await house();
    await kill(deps, ["task:a", "task:b", "task:c"]);
    const page = (query: object) => snapshot(deps, feed, query);
    assert.deepEqual(await page({ limit: "2" }), {
      items: [
        { seq: 1, key: "task:a" },
        { seq: 2, key: "task:b" },
      ],
      next: "2",
      head: 3,
    });
    assert.deepEqual(await page({ limit: "2", after: "2" }), { items: [{ seq: 3, key: "task:c" }], head: 3 });
    assert.deepEqual(await page({ after: "3" }), { items: [], head: 3 });
  });

  it("a place that is none, or a page without bounds, is refused before anything is read", () => {
    for (const after of ["-1", "1.5", "x", "", " 1", "01", "1e3", "9".repeat(16)]) {
      assert.ok(!revocationSnapshot.query?.safeParse({ after }).success, after);
      assert.ok(!revocationFeed.query?.safeParse({ after }).success, after);
    }
    for (const limit of ["0", "1001", "-5", "x"])
      assert.ok(!revocationSnapshot.query?.safeParse({ limit }).success, limit);
    assert.ok(!revocationFeed.query?.safeParse({ since: "1" }).success);
  });

  it("the stream resumes after Last-Event-ID rather than after the old URL's place", async () => {
    const { deps, feed } = await house();
    await kill(deps, ["task:a", "task:b", "task:c"]);
    const answer = await stream(deps, feed, { after: "1" }, "2");
    const follower = new Follower();
    answer.stream?.(follower);
    await follower.hears(3);
    assert.deepEqual(follower.told(), [3]);
    assert.equal(answer.contentType, "text/event-stream");
    assert.equal(answer.headers?.["cache-control"], "no-store");
  });

  it("a Last-Event-ID that is none of ours is refused", async () => {
    const { deps, feed } = await house();
    for (const id of ["x", "-1", "1; drop table", ["1", "2"]]) {
      await assert.rejects(
        stream(deps, feed, {}, id),
        (error) => error instanceof Fault && error.code === "malformed",
      );
    }
  });

  it("a follower that has seen more than there is learns that this is another feed, and is not left deaf", async () => {
    const { deps, feed } = await house();
    await kill(deps, ["task:a"]);
    const isGone = (error: unknown): boolean => error instanceof Fault && error.code === "gone";
    await assert.rejects(stream(deps, feed, { after: "2" }), isGone);
    await assert.rejects(stream(deps, feed, {}, "2"), isGone);
    await assert.rejects(snapshot(deps, feed, { after: "2" }), isGone);
  });
});

function kill(deps: TestDatabase["deps"], keys: string[]): Promise<void> {
  return perform(deps, system, "test.end", async (change) =>
    revoke(deps, change, system, keys, "test ended"),
  );
}

function moveIn(store: TestDatabase, deaf: boolean): House {
  const asked: Asked = { count: 0, away: false, hold: undefined };
  let callback: () => unknown = () => {};
  const every = (_: number, look: () => unknown): (() => void) => {
    callback = look;
    return () => {
      callback = () => {};
    };
  };
  const feed = new LiveFeed({ ...store.deps, database: watched(store, asked, deaf) }, every);
  const tick = async (): Promise<void> => {
    await callback();
  };
  return { ...store, feed, asked, tick };
}

/** The database with an eye on what is asked of it. */
function watched({ database }: TestDatabase, asked: Asked, deaf: boolean): TestDatabase["database"] {
  return {
    ...database,
    tables<Tables>() {
      asked.count += 1;
      if (asked.away) throw new Error("the database is away");
      return database.tables<Tables>().withPlugin({
        transformQuery: ({ node }) => node,
        async transformResult({ result }) {
          const { hold } = asked;
          asked.hold = undefined;
          await hold?.();
          return result;
        },
      });
    },
    listen: (channel, callback) => (deaf ? () => {} : database.listen(channel, callback)),
  };
}

/** Holds the next answer of the database back. */
function hold(asked: Asked): { asked: Promise<void>; release: () => void } {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  asked.hold = () => {
    arrived.resolve();
    return released.promise;
  };
  return { asked: arrived.promise, release: released.resolve };
}

const routeDeps = (deps: TestDatabase["deps"], feed: LiveFeed) => ({ ...deps, liveFeed: feed });

function requestWith(lastEventId?: string | string[]) {
  const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  return {
    method: "GET",
    url: "http://localhost/revocations",
    path: "/revocations",
    headers,
    source: "10.0.0.1",
  };
}

async function snapshot(deps: TestDatabase["deps"], feed: LiveFeed, given: object): Promise<unknown> {
  const query = revocationSnapshot.query?.parse(given) as { after: string; limit: number };
  const input = { params: undefined, query, body: undefined, request: requestWith() };
  return (await revocationSnapshot.handle(routeDeps(deps, feed), nobody("10.0.0.1"), input)).body;
}

function stream(
  deps: TestDatabase["deps"],
  feed: LiveFeed,
  given: object,
  lastEventId?: string | string[],
  by: Partial<Caller> = {},
): Promise<Answer> {
  const query = revocationFeed.query?.parse(given) as { after: string };
  const input = { params: undefined, query, body: undefined, request: requestWith(lastEventId) };
  return revocationFeed.handle(routeDeps(deps, feed), { ...nobody("10.0.0.1"), ...by }, input);
}

/** The other end of a connection, which keeps all that it is told. */
class Follower {
  text = "";
  ended = false;
  #onClose = (): void => {};

  write(text: string): void {
    assert.ok(!this.ended, "written to after its end");
    this.text += text;
  }

  end(): void {
    this.ended = true;
  }

  onClose(callback: () => void): void {
    this.#onClose = callback;
  }

  leave(): void {
    this.#onClose();
  }

  async hears(seq: number): Promise<void> {
    while (!this.told().includes(seq)) await turn();
  }

  told(): number[] {
    return [...this.text.matchAll(/^id: (\d+)\ndata: .*\n\n/gm)].map(([, seq]) => Number(seq));
  }

  keys(): string[] {
    return [...this.text.matchAll(/^id: \d+\ndata: (.*)\n\n/gm)].map(
      ([, data]) => JSON.parse(data ?? "").key,
    );
  }

  heads(): { head: number; at: number; toldBefore: number }[] {
    return [...this.text.matchAll(/^event: head\ndata: (.*)\n\n/gm)].map((match) => {
      const before = [...this.text.slice(0, match.index).matchAll(/^id: (\d+)$/gm)].at(-1)?.[1];
      return { ...JSON.parse(match[1] ?? ""), toldBefore: Number(before ?? 0) };
    });
  }
}
