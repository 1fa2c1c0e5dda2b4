import { Worker } from "node:worker_threads";
import type { Deps, Log, Random } from "../lib/index.ts";
import { cedarRequest } from "./cedar-request.ts";
import type { Engine, EngineRequest, Evaluation } from "./engine.ts";
import { EnginesDiffer } from "./engines-differ.ts";
import type { OracleAnswer, OracleQuestion } from "./oracle-worker.ts";
import type { PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import type { Question } from "./question.ts";

/** How long a decision waits for Cedar's own word, in milliseconds. It is an assurance, not a gate. */
const PATIENCE = 250;

/** More than so many comparisons at a time are not made: then Cedar is far slower than decisions come. */
const MOST_WAITING = 64;

/**
 * Cedar's own implementation, asked about a share of live decisions beside the engine that decides. Where the
 * two differ nobody knows which is right, so nothing is allowed.
 */
export class Oracle {
  readonly #share: number;
  readonly #log: Log;
  #thread: Thread | undefined;

  /** @param share one decision in so many is compared; 0 for none */
  constructor({ log }: Pick<Deps, "log">, share: number) {
    this.#share = share;
    this.#log = log;
  }

  /**
   * The set to decide this question by: for the share that is drawn, one whose engine is held against what
   * Cedar says of it. Draws here, so that `decide` stays pure.
   */
  async watched(random: Random, set: PolicySet, question: Question): Promise<PolicySet> {
    if (!isDrawn(random, this.#share)) return set;
    const asked = requestOf(set, question);
    if (asked === undefined) return set;
    const said = await this.#ask(set, asked);
    return said === undefined ? set : { ...set, engine: comparing(set.engine, said) };
  }

  async close(): Promise<void> {
    await this.#thread?.stop();
    this.#thread = undefined;
  }

  async #ask(set: PolicySet, request: EngineRequest): Promise<Said | undefined> {
    if (this.#thread === undefined || this.#thread.ended) this.#thread = new Thread(this.#log);
    return this.#thread.ask(set, request);
  }
}

/** The set to decide this question by: as it is, or for a share of questions held against Cedar itself. */
export const watched = async (
  { oracle, random }: Pick<PolicyDeps, "oracle" | "random">,
  set: PolicySet | undefined,
  question: Question,
): Promise<PolicySet | undefined> =>
  set === undefined || oracle === undefined ? set : oracle.watched(random, set, question);

type Said = Exclude<OracleAnswer["said"], string>;

/** Two bytes of chance are enough: shares go to 1 in 65,536. */
export function isDrawn(random: Random, share: number): boolean {
  if (share <= 0) return false;
  if (share === 1) return true;
  const [high = 0, low = 0] = random.bytes(2);
  return (high * 256 + low) % share === 0;
}

/** A question that has no request is denied without any engine. */
function requestOf(set: PolicySet, question: Question): EngineRequest | undefined {
  try {
    return cedarRequest(question, set.schema, set.settings)?.request;
  } catch {
    return undefined;
  }
}

/** An engine that answers only what Cedar has said as well. */
function comparing(engine: Engine, said: Said): Engine {
  return {
    // What is open was proven for every value, which Cedar is not asked about.
    ...(engine.evaluateOpen === undefined ? {} : { evaluateOpen: engine.evaluateOpen.bind(engine) }),
    evaluate(request) {
      const found = engine.evaluate(request);
      if ("failed" in said) throw new EnginesDiffer(`Cedar cannot evaluate it: ${said.failed}`);
      const difference = differenceOf(found, said);
      if (difference !== undefined) throw new EnginesDiffer(difference);
      return found;
    },
  };
}

/** Where two evaluations differ, in ids alone; nothing where they do not. Messages of errors may differ. */
export function differenceOf(ours: Evaluation, cedars: Evaluation): string | undefined {
  const pairs: [string, readonly string[], readonly string[]][] = [
    ["permits", ours.satisfiedPermits, cedars.satisfiedPermits],
    ["forbids", ours.satisfiedForbids, cedars.satisfiedForbids],
    ["errors", idsOf(ours.erroring), idsOf(cedars.erroring)],
  ];
  const differing = pairs.filter(([, one, other]) => one.join() !== other.join());
  if (differing.length === 0) return undefined;
  return differing
    .map(([what, one, other]) => `${what}: ${one.join(", ") || "none"}; Cedar: ${other.join(", ") || "none"}`)
    .join("; ");
}

const idsOf = (erroring: Evaluation["erroring"]): string[] => erroring.map(({ policy }) => policy).sort();

/** The thread that Cedar runs in, while it lives. It keeps nobody's process up. */
class Thread {
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #waiting = new Map<number, (said: OracleAnswer["said"] | undefined) => void>();
  #next = 0;
  /** Whether it has ever answered: until then it is starting, which takes longer than a decision waits. */
  #started = false;
  ended = false;

  constructor(log: Log) {
    const source = import.meta.url.endsWith(".ts") ? "./oracle-worker.ts" : "./oracle-worker.js";
    this.#log = log;
    this.#worker = new Worker(new URL(source, import.meta.url));
    this.#worker.unref();
    this.#worker.on("message", ({ id, said }: OracleAnswer) => {
      this.#started = true;
      this.#settle(id, said);
    });
    this.#worker.on("error", (error) => this.#end(error.message));
    this.#worker.on("exit", () => this.#end("it ended"));
  }

  /** @returns nothing where Cedar has not answered in time */
  async ask(set: PolicySet, request: EngineRequest): Promise<Said | undefined> {
    const { hash } = set;
    const first = await this.#send({ hash, request });
    if (first !== "lacks policies") return first;
    const policies = [...set.policies.values()].map(({ id, effect, text }) => ({ id, effect, text }));
    const second = await this.#send({ hash, request, policies });
    return second === "lacks policies" ? undefined : second;
  }

  async stop(): Promise<void> {
    this.ended = true;
    await this.#worker.terminate();
  }

  #send(question: Omit<OracleQuestion, "id">): Promise<OracleAnswer["said"] | undefined> {
    if (this.#waiting.size >= MOST_WAITING) return Promise.resolve(undefined);
    const id = this.#next++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#tooSlow(id), PATIENCE);
      this.#waiting.set(id, (said) => {
        clearTimeout(timer);
        resolve(said);
      });
      this.#worker.postMessage({ id, ...question });
    });
  }

  #tooSlow(id: number): void {
    if (this.#started) this.#log.warn({}, "Cedar was too slow to compare a decision with");
    this.#settle(id, undefined);
  }

  #settle(id: number, said: OracleAnswer["said"] | undefined): void {
    this.#waiting.get(id)?.(said);
    this.#waiting.delete(id);
  }

  #end(why: string): void {
    if (!this.ended) this.#log.error({ why }, "the thread that compares decisions has ended");
    this.ended = true;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, undefined);
  }
}
