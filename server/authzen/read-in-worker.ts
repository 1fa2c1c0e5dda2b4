import { Worker } from "node:worker_threads";
import { Fault, seconds } from "../lib/index.ts";
import type { ApplicationDefinition } from "./application.ts";
import type { ReadAnswer } from "./read-worker.ts";

/** A definition that takes longer to check is too much. */
const PATIENCE_MS = seconds(30);
/** In megabytes: one definition must not take the server's memory. */
const LIMITS = { maxOldGenerationSizeMb: 512 };
/** A thread that has nothing to do ends after this long: it holds Cedar's whole parser in memory. */
const IDLE_MS = seconds(10);
/** So many definitions, whole in memory, are checked or wait for it. */
const MOST_WAITING = 8;

type Read = Exclude<ReadAnswer, { failed: string }>;

/** One thread for the whole process, begun when it is needed. It keeps nothing between definitions. */
let thread: Worker | undefined;
let idle: NodeJS.Timeout | undefined;
/** Definitions are checked one after the other. */
let last: Promise<unknown> = Promise.resolve();
let waiting = 0;

/**
 * `readApplication` in another thread, with what it takes to store what was found right.
 * @throws Fault `invalid` when it cannot be checked at all; `busy` while too many wait
 */
export function readInWorker(definition: ApplicationDefinition): Promise<Read> {
  if (waiting >= MOST_WAITING) return Promise.reject(tooMany());
  waiting += 1;
  const mine = last
    .then(() => readNext(definition))
    .finally(() => {
      waiting -= 1;
    });
  last = mine.catch(() => {});
  return mine;
}

async function readNext(definition: ApplicationDefinition): Promise<Read> {
  clearTimeout(idle);
  thread ??= begin();
  const worker = thread;
  worker.ref();
  try {
    const answer = await answerOf(worker, definition);
    if ("failed" in answer) throw new Error(answer.failed);
    return answer;
  } catch (error) {
    end(worker); // it may be at it still
    throw cannotBeChecked(error);
  } finally {
    worker.unref();
    idle = setTimeout(() => end(worker), IDLE_MS).unref();
  }
}

/** What the thread says, or that it ended without a word. */
async function answerOf(worker: Worker, definition: ApplicationDefinition): Promise<ReadAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadAnswer>();
  const ended = (): void => reject(new Error("the thread has ended"));
  const late = setTimeout(() => reject(new Error("it takes too long")), PATIENCE_MS);
  worker.once("message", resolve).once("error", reject).once("exit", ended);
  try {
    worker.postMessage(definition);
    return await promise;
  } finally {
    clearTimeout(late);
    worker.off("message", resolve).off("error", reject).off("exit", ended);
  }
}

function begin(): Worker {
  const source = import.meta.url.endsWith(".ts") ? "./read-worker.ts" : "./read-worker.js";
  const worker = new Worker(new URL(source, import.meta.url), { resourceLimits: LIMITS });
  // Whenever it dies, with nobody waiting as well: an error that nobody listens for would end the process.
  worker.on("error", () => forget(worker));
  worker.on("exit", () => forget(worker));
  return worker;
}

function end(worker: Worker): void {
  forget(worker);
  void worker.terminate();
}

function forget(worker: Worker): void {
  if (thread === worker) thread = undefined;
}

const cannotBeChecked = (cause: unknown): Fault =>
  new Fault("invalid", "This application cannot be checked.", {
    remedy: "Make it smaller or simpler.",
    cause,
  });

const tooMany = (): Fault =>
  new Fault("busy", "Too many definitions are being checked at this moment.", {
    remedy: "Try again shortly.",
  });
