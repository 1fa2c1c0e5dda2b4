import { Worker } from "node:worker_threads";
import { Fault } from "../lib/index.ts";
import { type Change, Conflict, type Step } from "./change.ts";
import type { Outcome, Script, Sent, WrittenStep } from "./sqlite-writer.ts";

interface Waiting {
  change: Change;
  resolve: () => void;
  reject: (reason: Error) => void;
}

/** More different statements than the program has; what comes beyond them is sent as it is, each time. */
const MOST_STATEMENTS = 2_000;

/**
 * The event loop's side of the writer thread: sends whole scripts, all that are ready at once in one message,
 * and waits for whole answers.
 */
export class SqliteWriter {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #numbers = new Map<string, number>();
  #untold: [number, string][] = [];
  #ready: Script[] = [];
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
    const id = this.#next++;
    const steps = change.steps.map((step) => this.#written(step));
    if (this.#ready.length === 0) setImmediate(() => this.#send());
    this.#ready.push({ id, steps });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { change, resolve, reject });
    });
  }

  /** Waits for what was sent, then ends the thread. */
  async close(): Promise<void> {
    const done = new Promise((resolve) => this.#worker.once("exit", resolve));
    this.#send();
    this.#worker.postMessage("close");
    await done;
  }

  #send(): void {
    if (this.#ready.length === 0) return;
    const sent: Sent = { statements: this.#untold, scripts: this.#ready };
    [this.#untold, this.#ready] = [[], []];
    this.#worker.postMessage(sent);
  }

  #written({ kind, sql, parameters, rows }: Step): WrittenStep {
    return { kind, statement: this.#numberOf(sql), parameters, rows };
  }

  /** A number is never given again: a script that waits keeps meaning what it meant. */
  #numberOf(sql: string): number | string {
    const known = this.#numbers.get(sql);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MOST_STATEMENTS) return sql;
    const number = this.#numbers.size;
    this.#numbers.set(sql, number);
    this.#untold.push([number, sql]);
    return number;
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
