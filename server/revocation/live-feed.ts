import type { DatabaseDeps } from "../database/index.ts";
import type { StreamConnection } from "../http/index.ts";
import type { Credential } from "../lib/index.ts";
import { deadAmong } from "./check.ts";
import { feedAfter } from "./feed.ts";
import { REVOCATION_CHANNEL } from "./revoke.ts";
import type { Revoked } from "./store.ts";

const POLL_MS = 500;
/** Heads are told at the first poll after this; with the poll's own pace at least every two seconds. */
const HEAD_EVERY_MS = 1_000;
const PAGE = 500;

/** Calls back again and again; returns how to stop it. */
export type Every = (milliseconds: number, callback: () => void) => () => void;

interface Follower {
  readonly connection: StreamConnection;
  /** What ends the credential that it came with. */
  readonly ends: ReadonlySet<string>;
  /** When that ends by itself (ms). */
  readonly expires: number;
  /** The last place that was written to it. */
  seq: number;
  gone: boolean;
}

/**
 * The feed as server-sent events, one for each process: however many follow, a revocation costs one query.
 * It is woken by the announcement of a commit, and polls besides. What it says of the head it has just
 * read from the database: while that cannot be reached it is silent, so that followers grow stale and refuse.
 */
export class LiveFeed {
  readonly #deps: DatabaseDeps;
  readonly #followers = new Set<Follower>();
  readonly #stop: (() => void)[];
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #closed = false;
  #headTold = Number.NEGATIVE_INFINITY;

  constructor(deps: DatabaseDeps, every: Every = timer) {
    this.#deps = deps;
    const look = (): Promise<void> => this.look();
    this.#stop = [deps.database.listen(REVOCATION_CHANNEL, look), every(POLL_MS, look)];
  }

  /**
   * Writes to a connection what was revoked after a place, and then whatever is, until it closes, or until what
   * its follower came with has died or expired: it comes again with something else, or not.
   * @param after the place that the follower has reached
   */
  async follow(connection: StreamConnection, after: number, { keys, expires }: Credential): Promise<void> {
    const follower: Follower = { connection, ends: new Set(keys), expires, seq: after, gone: false };
    connection.onClose(() => {
      follower.gone = true;
      this.#followers.delete(follower);
    });
    try {
      await this.#catchUp(follower);
    } catch (error) {
      this.#deps.log.warn({ error: (error as Error).message }, "a follower of revocations must come again");
      this.#sendAway([follower]);
    }
  }

  /** Reads what is new and tells everybody. Called while it reads, it reads once more. */
  look(): Promise<void> {
    this.#lookAgain = true;
    this.#looking ??= this.#lookUntilDone();
    return this.#looking;
  }

  /** Ends all connections and stops looking. */
  async close(): Promise<void> {
    for (const stop of this.#stop) stop();
    this.#closed = true;
    this.#sendAway(this.#followers);
    await this.#looking;
  }

  async #lookUntilDone(): Promise<void> {
    try {
      do {
        this.#lookAgain = false;
        await this.#lookOnce();
      } while (this.#lookAgain);
    } catch (error) {
      this.#deps.log.warn({ error: (error as Error).message }, "the revocation feed cannot be read");
    } finally {
      this.#looking = undefined; // here, not a moment later, when a call to look again would be lost
    }
  }

  async #lookOnce(): Promise<void> {
    this.#sendAway(this.#expired());
    // Who joins while we read is not told of this page: it begins where these have arrived.
    const listening = [...this.#followers];
    if (listening.length === 0) return;
    const at = this.#deps.clock.now();
    const slowest = Math.min(...listening.map(({ seq }) => seq));
    const page = await feedAfter(this.#deps, slowest - 1, PAGE);
    // What was told last must still be there: a database set back would give its place to something else.
    if (slowest > 0 && page[0]?.seq !== slowest) return this.#sendAway(listening);
    tell(listening, page);
    this.#sendAway(listening.filter(isEndedBy(page)));
    if (page.length === PAGE) this.#lookAgain = true;
    else if (Math.abs(at - this.#headTold) >= HEAD_EVERY_MS) {
      this.#headTold = at;
      tellHead(listening, at);
    }
  }

  /** Asked and not read off the page: that begins where the follower says it was. */
  async #isEnded({ ends }: Follower): Promise<boolean> {
    return ends.size > 0 && (await deadAmong(this.#deps, [...ends])).length > 0;
  }

  #expired(): Follower[] {
    const now = this.#deps.clock.now();
    return [...this.#followers].filter(({ expires }) => expires <= now);
  }

  async #catchUp(follower: Follower): Promise<void> {
    for (let full = true; full && !follower.gone; ) {
      const at = this.#deps.clock.now();
      const page = await feedAfter(this.#deps, follower.seq, PAGE);
      full = page.length === PAGE;
      const ended = !full && (await this.#isEnded(follower));
      if (this.#closed || ended) return this.#sendAway([follower]);
      tell([follower], page);
      if (full || follower.gone) continue;
      tellHead([follower], at);
      this.#followers.add(follower);
    }
    await this.look(); // what was announced while this one was reading
  }

  #sendAway(followers: Iterable<Follower>): void {
    for (const follower of [...followers]) {
      follower.gone = true;
      this.#followers.delete(follower);
      follower.connection.end();
    }
  }
}

const isEndedBy =
  (page: readonly Revoked[]) =>
  ({ ends }: Follower): boolean =>
    page.some(({ key }) => ends.has(key));

function tell(followers: readonly Follower[], page: readonly Revoked[]): void {
  const last = page.at(-1);
  if (last === undefined) return;
  // Nearly all stand at the same place, so what they are told is written once.
  const news = new Map<number, string>();
  for (const follower of followers) {
    if (follower.gone) continue;
    const text = news.get(follower.seq) ?? newsAfter(page, follower.seq);
    news.set(follower.seq, text);
    if (text !== "") follower.connection.write(text);
    follower.seq = Math.max(follower.seq, last.seq);
  }
}

const newsAfter = (page: readonly Revoked[], after: number): string =>
  page
    .filter(({ seq }) => seq > after)
    .map(({ seq, key }) => `id: ${seq}\ndata: ${JSON.stringify({ seq, key })}\n\n`)
    .join("");

/**
 * Says how far the feed had come when the database was asked: all these followers have been told all of it.
 * @param at when it was asked (ms)
 */
function tellHead(followers: readonly Follower[], at: number): void {
  for (const { connection, seq, gone } of followers) {
    if (!gone) connection.write(`event: head\ndata: ${JSON.stringify({ head: seq, at })}\n\n`);
  }
}

function timer(milliseconds: number, callback: () => void): () => void {
  const handle = setInterval(callback, milliseconds).unref();
  return () => clearInterval(handle);
}
