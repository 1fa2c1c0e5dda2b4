import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Failure } from "./actor.ts";

/** A process of the story, as its conductor holds it. */
export interface Actor {
  readonly name: string;
  /** Tells it to do something and waits for the result. @throws Refusal with what it was refused for */
  tell<T>(verb: string, input?: unknown): Promise<T>;
  /** Closes its standard input, by which it ends. */
  leave(): Promise<void>;
}

/** Something that an actor was refused, in the words in which it was told. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly failure: Failure;

  constructor(actor: string, verb: string, failure: Failure) {
    super(`${actor} ${verb}: ${failure.name}: ${failure.message}`);
    this.failure = failure;
  }
}

type Waiting = { resolve: (result: never) => void; reject: (cause: Error) => void; verb: string };

/** Starts `<name>.ts` of this folder as a process of its own, with an environment that holds nothing. */
export function enter(name: string): Actor {
  const child = spawn(process.execPath, [new URL(`./${name}.ts`, import.meta.url).pathname], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {},
  });
  const waiting = new Map<number, Waiting>();
  let last = 0;
  listen(child, name, waiting);
  return {
    name,
    tell: (verb, input = {}) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject, verb });
        child.stdin?.write(`${JSON.stringify({ id, verb, input })}\n`);
      }),
    leave: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) return resolve();
        child.once("exit", () => resolve());
        child.stdin?.end();
      }),
  };
}

function listen(child: ChildProcess, name: string, waiting: Map<number, Waiting>): void {
  if (child.stdout === null) throw new Error(`${name} has no standard output`);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id, result, failure } = JSON.parse(line);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (failure === undefined) asked?.resolve(result as never);
    else asked?.reject(new Refusal(name, asked.verb, failure));
  });
  child.once("exit", (code) => {
    for (const { reject, verb } of waiting.values())
      reject(new Error(`${name} ended (${code}) during ${verb}`));
  });
}
