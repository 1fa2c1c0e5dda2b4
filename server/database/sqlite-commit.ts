import { Worker } from "node:worker_threads";
import { Fault } from "../lib/index.ts";
import { type Change, Conflict } from "./change.ts";
import { type Script, type StatementName, scriptOf } from "./sqlite-script.ts";
import type { Failure, Outcomes, Sent } from "./sqlite-writer.ts";

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
    this.#worker.on("message", ({ committed, failures }: Outcomes) => {
      for (const id of committed) this.#settled(id)?.resolve();
      for (const failure of failures) this.#fail(failure);
    });
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", () => this.#end(new Error("the writer thread has ended")));
  }

  commit(change: Change): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(storeIsAway(this.#ended));
    const id = this.#next++;
    if (this.#ready.length === 0) setImmediate(() => this.#send());
    this.#ready.push(scriptOf(id, change.steps, (sql) => this.#nameOf(sql)));
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

  /** A number is never given again: a script that waits keeps meaning what it meant. */
  #nameOf(sql: string): StatementName {
    const known = this.#numbers.get(sql);
    if (known !== undefined) return known;
    if (this.#numbers.size >= MOST_STATEMENTS) return sql;
    const number = this.#numbers.size;
    this.#numbers.set(sql, number);
    this.#untold.push([number, sql]);
    return number;
  }

  #fail(failure: Failure): void {
    const waiting = this.#settled(failure.id);
    waiting?.reject(reasonOf(failure, waiting.change));
  }

  /** Whoever waits for this script, and no longer does. */
  #settled(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(outcomeUnknown(error));
    this.#waiting.clear();
  }
}

function reasonOf({ result, step: failed = -1, message }: Failure, { steps }: Change): Error {
  if (result === "failed") return storeIsAway(new Error(message));
  const step = steps[failed];
  if (step?.otherwise !== undefined) {
    return new Fault(step.otherwise, "What this request relied on has changed.", {
      remedy: "Look again, then retry.",
    });
  }
  return new Conflict(message);
}

/** The thread ended after it was handed these: it may have written them, and not have said so. */
const outcomeUnknown = (cause: Error): Fault =>
  new Fault("unavailable", "The store went away while it wrote this; nobody knows whether it did.", {
    remedy: "Start the server again, and look whether it was done before you repeat it.",
    cause,
  });

const storeIsAway = (cause: Error): Fault =>
  new Fault("unavailable", "The store cannot take writes now; nothing was changed.", {
    remedy: "Try again; if it stays, the operator should look at the disk and the log.",
    cause,
  });
