import { Worker } from "node:worker_threads";
import type { CedarSchema } from "../catalog/index.ts";
import { seconds } from "../lib/index.ts";
import type { Job, JobAnswer, JobMessage } from "./compile-worker.ts";
import type { Policy, PolicyFile, Problem } from "./policy.ts";
import type { ReadSet } from "./policy-set.ts";

/** A thread that has nothing to do ends after this long: it holds Cedar's whole parser in memory. */
const IDLE_MS = seconds(20);

/** Longer than any set that fits a request takes; a job that hangs must not keep the next one waiting. */
const LONGEST_JOB_MS = seconds(30);

/**
 * Two threads for the whole process, begun when they are needed: they keep nothing between jobs, so all who
 * are served by them are served alike. Drafts that take long to check never delay reading what decides.
 */
const threads: Partial<Record<"read" | "check", Thread>> = {};

/**
 * Reads policies in the other thread; the parts come over one by one, so that decisions go on in between.
 * @throws Error when a file cannot be read, or two policies share an id
 */
export async function readInWorker(files: readonly PolicyFile[]): Promise<ReadSet> {
  const job = running("read");
  try {
    const head = await job.ask({ kind: "read", files });
    if (head.kind !== "set") throw new Error("the reading thread answered something else");
    const policies: Policy[] = [];
    for (let part = 0; part < head.parts; part++) {
      const answer = await job.ask("next");
      if (answer.kind === "part") policies.push(...answer.policies);
    }
    return { ...head.set, policies };
  } finally {
    job.done();
  }
}

/** `checkAgainst` in the other thread: every check, and the tests beside the policies. */
export const checkInWorker = (files: readonly PolicyFile[], schema: CedarSchema): Promise<Problem[]> =>
  problemsIn({ kind: "check", files, schema });

/** `validateAgainst` in the other thread: the same without the tests. */
export const validateInWorker = (files: readonly PolicyFile[], schema: CedarSchema): Promise<Problem[]> =>
  problemsIn({ kind: "validate", files, schema });

async function problemsIn(asked: Job): Promise<Problem[]> {
  const job = running("check");
  try {
    const answer = await job.ask(asked);
    if (answer.kind !== "problems") throw new Error("the checking thread answered something else");
    return [...answer.problems];
  } finally {
    job.done();
  }
}

interface RunningJob {
  ask(job: Job | "next"): Promise<JobAnswer>;
  done(): void;
}

function running(kind: keyof typeof threads): RunningJob {
  const known = threads[kind];
  const thread = known === undefined || known.ended ? new Thread() : known;
  threads[kind] = thread;
  return thread.begin();
}

interface Waiting {
  resolve: (answer: JobAnswer) => void;
  reject: (reason: Error) => void;
  readonly deadline: NodeJS.Timeout;
}

class Thread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #jobs = 0;
  #next = 0;
  #idle: NodeJS.Timeout | undefined;
  ended = false;

  constructor() {
    const source = import.meta.url.endsWith(".ts") ? "./compile-worker.ts" : "./compile-worker.js";
    this.#worker = new Worker(new URL(source, import.meta.url));
    this.#worker.on("message", ({ id, ...answer }: JobAnswer & { id: number }) => this.#settle(id, answer));
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new Error("the compiling thread has ended")));
  }

  /** While a job runs the process stays; an idle thread keeps nobody waiting. */
  begin(): RunningJob {
    const id = this.#next++;
    clearTimeout(this.#idle);
    this.#worker.ref();
    this.#jobs += 1;
    return { ask: (job) => this.#ask({ id, job }), done: () => this.#done() };
  }

  #ask(message: JobMessage): Promise<JobAnswer> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => void this.#stop("it took too long"), LONGEST_JOB_MS);
      this.#waiting.set(message.id, { resolve, reject, deadline });
      this.#worker.postMessage(message);
    });
  }

  #settle(id: number, answer: JobAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.deadline);
    if (answer.kind === "failed") waiting?.reject(new Error(answer.message));
    else waiting?.resolve(answer);
  }

  #done(): void {
    this.#jobs -= 1;
    if (this.#jobs > 0) return;
    this.#worker.unref();
    this.#idle = setTimeout(() => void this.#stop("nothing is to do"), IDLE_MS).unref();
  }

  async #stop(why: string): Promise<void> {
    this.#end(new Error(`the policies could not be looked at: ${why}`));
    await this.#worker.terminate();
  }

  #end(reason: Error): void {
    this.ended = true;
    for (const { reject, deadline } of this.#waiting.values()) {
      clearTimeout(deadline);
      reject(reason);
    }
    this.#waiting.clear();
  }
}
