import { CountersignError, Refused } from "./errors.ts";
import type { Runtime } from "./runtime.ts";
import { Stopwatch } from "./stopwatch.ts";

/** One thing that has died. */
export interface Revocation {
  /** Its place in the feed: each is one more than the one before. */
  readonly seq: number;
  /** A revocation key, as tokens carry them in `rev`: `task:…`, `edge:…`, `jti:…`. */
  readonly key: string;
}

/** What the stream says: a death, or how far the feed had come at a moment (ms since 1970, by the server). */
export type FeedMessage =
  | { readonly kind: "revoked"; readonly revocation: Revocation }
  | { readonly kind: "head"; readonly head: number; readonly at: number };

/** Where revocations come from: pages of what is known, then a stream of what happens. */
export interface FeedSource {
  /** @throws Refused with status 410 when the feed has not come as far as `after`: it was set back */
  page(after: number): Promise<{ items: Revocation[]; more: boolean }>;
  stream(after: number, signal: AbortSignal): AsyncIterable<FeedMessage>;
}

/** What is dead, as far as this process has heard, and whether that can be relied on. */
export interface RevocationFeed {
  /** Whether any of these keys is known to be dead. Says nothing unless the feed is fresh. */
  isDead(keys: readonly string[]): boolean;
  /** Whether all that had died ten seconds ago is known here. */
  isFresh(): boolean;
  /** Calls back with each thing that has died, when it is heard; returns how to stop. */
  onDead(told: (key: string) => void): () => void;
  /** Ends following. From then on the feed is not fresh. */
  close(): void;
}

/** A verifier whose feed is older than this refuses. Milliseconds. */
export const freshnessBound = 10_000;
/** So long one stream is followed, at most. Milliseconds. */
const streamLife = 300_000;
const shortestPause = 100;
const longestPause = 2_000;

/**
 * Follows the feed for as long as the process lives: what is known first, then the stream, resumed after the
 * last place that was heard whenever it breaks or falls silent.
 *
 * @param onDead is told of each thing that has died, when it is heard
 * @returns once what is known has been read and the stream was heard for the first time
 * @throws CountersignError when that takes longer than the freshness bound
 */
export async function followFeed(
  runtime: Runtime,
  source: FeedSource,
  onDead: (key: string) => void = () => {},
): Promise<RevocationFeed> {
  const listeners = new Set([onDead]);
  const state = new Heard(runtime, (key) => {
    for (const told of listeners) told(key);
  });
  const stop = new AbortController();
  const close = (): void => {
    stop.abort();
    state.forget();
  };
  void follow(source, state, stop.signal);
  await state.forTheFirstTime(freshnessBound).catch((cause) => {
    close();
    throw cause;
  });
  return {
    isDead: (keys) => keys.some((key) => state.dead.has(key)),
    isFresh: () => state.isFresh(),
    onDead(told) {
      listeners.add(told);
      return () => void listeners.delete(told);
    },
    close,
  };
}

/** What has been heard of the feed, and when. */
class Heard {
  readonly dead = new Set<string>();
  seq = 0;
  readonly #runtime: Runtime;
  readonly #onDead: (key: string) => void;
  #watch: Stopwatch;
  /** When what is known here was the whole truth, by the stopwatch. */
  #completeAt = Number.NEGATIVE_INFINITY;
  #openedAt = 0;
  /** How far the stopwatch is ahead of the server's clock, at least; known once a stream has spoken. */
  #ahead: number | undefined;
  #onHeard: (() => void) | undefined;
  #onMoved: (() => void) | undefined;
  /** What broke the feed last. */
  trouble: unknown;

  constructor(runtime: Runtime, onDead: (key: string) => void) {
    this.#runtime = runtime;
    this.#watch = new Stopwatch(runtime);
    this.#onDead = onDead;
  }

  add({ seq, key }: Revocation): void {
    if (seq > this.seq + 1) throw new CountersignError("the revocation feed has a gap");
    this.dead.add(key);
    this.#onDead(key);
    if (seq > this.seq) this.#onMoved?.();
    this.seq = Math.max(this.seq, seq);
  }

  /** A stream is asked for: nothing that it says of the present is older than this moment. */
  opening(): void {
    const age = this.#watch.elapsed() - this.#completeAt;
    this.#watch = new Stopwatch(this.#runtime);
    this.#openedAt = this.#watch.elapsed();
    this.#completeAt = this.#openedAt - age;
    this.#ahead = undefined;
  }

  /**
   * A head that was long under way, in a buffer on its way here for instance, tells of the past. How long, is
   * measured against the first of its stream and the quickest since: clocks here and there need not agree. A server's
   * clock that is set ahead makes one that is held up seem quicker by so much, while its stream is followed.
   */
  head(head: number, at: number): void {
    if (head > this.seq) throw new CountersignError("the revocation feed has a gap");
    const now = this.#watch.elapsed();
    if (now === Number.POSITIVE_INFINITY) throw new CountersignError("the clock was set back");
    this.#ahead = Math.min(this.#ahead ?? this.#openedAt - at, now - at);
    this.#completeAt = at + this.#ahead;
    if (this.isFresh()) this.#onHeard?.();
    // Held up, or the server's clock was set back: a new stream tells, while this one is still good.
    if (now - this.#completeAt > freshnessBound / 2)
      throw new CountersignError("the revocation feed is late");
  }

  isFresh(): boolean {
    return this.#watch.elapsed() - this.#completeAt <= freshnessBound;
  }

  /** Whether the stream has been followed for so long that what was measured by it should be measured anew. */
  isWornOut(): boolean {
    return this.#watch.elapsed() - this.#openedAt > streamLife;
  }

  forget(): void {
    this.#completeAt = Number.NEGATIVE_INFINITY;
  }

  /** Another feed than the one that was followed: it is read from its beginning. What is dead stays dead. */
  startOver(): void {
    this.forget();
    this.seq = 0;
  }

  forTheFirstTime(patience: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(cannotFollow(this.trouble));
      const timer = setTimeout(late, patience);
      // A feed may be long. Whoever is still being told of it is not kept waiting.
      this.#onMoved = () => void timer.refresh();
      this.#onHeard = () => {
        clearTimeout(timer);
        this.#onMoved = undefined;
        resolve();
      };
    });
  }
}

function cannotFollow(cause: unknown): CountersignError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new CountersignError(`the revocation feed cannot be followed${why}`, { cause });
}

async function follow(source: FeedSource, state: Heard, stop: AbortSignal): Promise<void> {
  let pause = shortestPause;
  while (!stop.aborted) {
    const heard = await followOnce(source, state, stop);
    pause = heard ? shortestPause : Math.min(pause * 2, longestPause);
    // Many that lost the same server must not come back in the same moment.
    await sleep(pause * (0.5 + Math.random() / 2), stop);
  }
}

/** @returns whether anything was heard before it broke */
async function followOnce(source: FeedSource, state: Heard, stop: AbortSignal): Promise<boolean> {
  const silence = new AbortController();
  const watchdog = setTimeout(() => silence.abort(), freshnessBound).unref();
  let heard = false;
  try {
    await catchUp(source, state, stop);
    state.opening();
    for await (const message of source.stream(state.seq, AbortSignal.any([stop, silence.signal]))) {
      watchdog.refresh();
      heard = true;
      if (message.kind === "revoked") state.add(message.revocation);
      else state.head(message.head, message.at);
      if (state.isWornOut()) break;
    }
  } catch (cause) {
    // Whatever else broke it: the feed ages until it is heard again, and is then not fresh by itself.
    state.trouble = cause;
    if (cause instanceof Refused && cause.status === 410) state.startOver();
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
  return heard;
}

/** Page by page, each further than the one before: whoever sends none that is would keep us here for ever. */
async function catchUp(source: FeedSource, state: Heard, stop: AbortSignal): Promise<void> {
  for (let more = true; more && !stop.aborted; ) {
    const after = state.seq;
    const page = await source.page(after);
    for (const revocation of page.items) state.add(revocation);
    if (page.more && state.seq <= after)
      throw new CountersignError("the revocation feed says that there is more and does not go on");
    more = page.more;
  }
}

function sleep(milliseconds: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds).unref();
    stop.addEventListener("abort", done);
  });
}
