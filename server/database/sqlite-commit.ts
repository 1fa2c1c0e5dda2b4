import { Worker } from "node:worker_threads";
import { Fault } from "../lib/index.ts";
import { type Change, Conflict } from "./change.ts";
import type { Outcome, Script } from "./sqlite-writer.ts";

interface Waiting {
  change: Change;
  resolve: () => void;
  reject: (reason: Error) => void;
}

/** The event loop's side of the writer thread: sends whole scripts, waits for whole answers. */
export class SqliteWriter {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #ended: Error | undefined;

  constructor(file: string) {
    const source = import.meta.url.endsWith(".ts") ? "./sqlite-writer.ts" : "./sqlite-writer.js";
    this.#worker = new Worker(new URL(source, import.meta.url), { workerData: { file } });
    this.#worker.on("message", (outcomes: Outcome[]) => {
      for (const outcome of outcomes) this.#settle(outcome);
    });
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new Error("the writer thread has ended")));
  }

  commit(change: Change): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(storeIsAway(this.#ended));
    const script: Script = { id: this.#next++, steps: change.steps };
    return new Promise((resolve, reject) => {
      this.#waiting.set(script.id, { change, resolve, reject });
      this.#worker.postMessage(script);
    });
  }

  /** Waits for what was sent, then ends the thread. */
  async close(): Promise<void> {
    const done = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#worker.postMessage("close");
    await done;
  }

  #settle(outcome: Outcome): void {
    const waiting = this.#waiting.get(outcome.id);
    if (waiting === undefined) return;
    this.#waiting.delete(outcome.id);
    if (outcome.result === "committed") waiting.resolve();
    else waiting.reject(reasonOf(outcome, waiting.change));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(storeIsAway(error));
    this.#waiting.clear();
  }
}

function reasonOf(outcome: Outcome, change: Change): Error {
  if (outcome.result === "failed") return storeIsAway(new Error(outcome.message));
  const step = change.steps[outcome.step ?? -1];
  if (step?.otherwise !== undefined) {
    return new Fault(step.otherwise, "What this request relied on has changed.", {
      remedy: "Look again, then retry.",
    });
  }
  return new Conflict(outcome.message);
}

const storeIsAway = (cause: Error): Fault =>
  new Fault("unavailable", "The store cannot take writes now; nothing was changed.", {
    remedy: "Try again; if it stays, the operator should look at the disk and the log.",
    cause,
  });
