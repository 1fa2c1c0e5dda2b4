import { once } from "node:events";
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

type Read = Exclude<ReadAnswer, { failed: string }>;

/** One thread for the whole process, begun when it is needed. It keeps nothing between definitions. */
let thread: Worker | undefined;
let idle: NodeJS.Timeout | undefined;
/** Definitions are checked one after the other. */
let last: Promise<unknown> = Promise.resolve();

/** `readApplication` in another thread. @throws Fault `invalid` when it cannot be checked at all */
export function readInWorker(definition: ApplicationDefinition): Promise<Read> {
  const mine = last.then(() => readNext(definition));
  last = mine.catch(() => {});
  return mine;
}

async function readNext(definition: ApplicationDefinition): Promise<Read> {
  clearTimeout(idle);
  thread ??= begin();
  const worker = thread;
  worker.ref();
  try {
    worker.postMessage(definition);
    const patience = AbortSignal.timeout(PATIENCE_MS);
    const [answer] = (await once(worker, "message", { signal: patience })) as [ReadAnswer];
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

function begin(): Worker {
  const source = import.meta.url.endsWith(".ts") ? "./read-worker.ts" : "./read-worker.js";
  const worker = new Worker(new URL(source, import.meta.url), { resourceLimits: LIMITS });
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
