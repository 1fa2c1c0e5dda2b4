import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type HashAnswer, type Hashed, type HashOrder, PROGRESS_UNIT } from "./hash-worker.ts";

/** A thread that has nothing to do ends after this long. */
const IDLE_MS = 5_000;
/** How often whoever waits is told how far it has come. */
const TELL_MS = 100;
/** In megabytes: a thread holds one buffer and little more. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };
/** No more than this many at once, however many processors there are: others live here, too. */
const MOST_THREADS = 4;

export interface HashAsk extends Omit<HashOrder, "shared"> {
  readonly signal?: AbortSignal | undefined;
  /** Bytes read since it was told last. */
  onRead?(bytes: number): void;
}

/** Threads that hash: begun when they are needed, ended when they are not. */
export class HashingThreads {
  readonly #free: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];
  readonly #most: number;
  readonly #idleMs: number;
  #alive = 0;
  #idle: NodeJS.Timeout | undefined;

  /** @param most threads at a time */
  constructor({ most = availableParallelism() - 1, idleMs = IDLE_MS } = {}) {
    this.#most = Math.max(1, Math.min(MOST_THREADS, most));
    this.#idleMs = idleMs;
  }

  /**
   * The digest of a part of an open file, how many bytes there were, and which texts.
   * @throws the signal's reason; Error when the file cannot be read
   */
  async hash({ signal, onRead, ...order }: HashAsk): Promise<Hashed> {
    signal?.throwIfAborted();
    const worker = await this.#take();
    const shared = new SharedArrayBuffer(8);
    const stop = (): void => void Atomics.store(new Int32Array(shared), 1, 1);
    signal?.addEventListener("abort", stop);
    const telling = onRead === undefined ? undefined : tellAsItGoes(shared, onRead);
    try {
      const answer = await this.#answer(worker, { ...order, shared });
      signal?.throwIfAborted();
      if ("failed" in answer) throw new Error(answer.failed);
      telling?.end(answer.read);
      return answer;
    } finally {
      telling?.end();
      signal?.removeEventListener("abort", stop);
    }
  }

  /** What the thread says; one that died without a word makes room for another. */
  async #answer(worker: Worker, order: HashOrder): Promise<HashAnswer> {
    try {
      const answer = await answerOf(worker, order);
      this.#give(worker);
      return answer;
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  #take(): Promise<Worker> {
    clearTimeout(this.#idle);
    const free = this.#free.pop();
    free?.ref();
    if (free !== undefined) return Promise.resolve(free);
    if (this.#alive < this.#most) return Promise.resolve(this.#begin());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(worker: Worker): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(worker);
      return;
    }
    worker.unref();
    this.#free.push(worker);
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#endAll(), this.#idleMs).unref();
  }

  #begin(): Worker {
    const source = import.meta.url.endsWith(".ts") ? "./hash-worker.ts" : "./hash-worker.js";
    const worker = new Worker(new URL(source, import.meta.url), { resourceLimits: LIMITS });
    this.#alive += 1;
    worker.on("error", () => {}); // told to whoever waits for its answer
    worker.once("exit", () => {
      this.#alive -= 1;
      const at = this.#free.indexOf(worker);
      if (at >= 0) this.#free.splice(at, 1);
      // Whoever asked while it was ending waits for the room that it leaves.
      if (this.#waiting.length > 0) this.#waiting.shift()?.(this.#begin());
    });
    return worker;
  }

  #endAll(): void {
    for (const worker of this.#free.splice(0)) void worker.terminate();
  }
}

/** Tells every so often how many bytes were read since the last time. */
function tellAsItGoes(
  shared: SharedArrayBuffer,
  onRead: (bytes: number) => void,
): { end(read?: number): void } {
  let told = 0;
  const tell = (now: number): void => {
    if (now > told) onRead(now - told);
    told = Math.max(told, now);
  };
  const timer = setInterval(() => tell(Atomics.load(new Int32Array(shared), 0) * PROGRESS_UNIT), TELL_MS);
  return {
    end(read) {
      clearInterval(timer);
      if (read !== undefined) tell(read);
    },
  };
}

async function answerOf(worker: Worker, order: HashOrder): Promise<HashAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HashAnswer>();
  const ended = (): void => reject(new Error("the thread has ended"));
  worker.once("message", resolve).once("error", reject).once("exit", ended);
  try {
    worker.postMessage(order);
    return await promise;
  } finally {
    worker.off("message", resolve).off("error", reject).off("exit", ended);
  }
}

/** Those of this process. */
export const hashingThreads = new HashingThreads();
