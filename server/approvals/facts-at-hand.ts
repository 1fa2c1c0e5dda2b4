import type { Json } from "@countersign/proof/jcs";
import { findServer, type Tool } from "../catalog/index.ts";
import { seconds } from "../lib/index.ts";
import { decidingFor, type Question } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { readByAny } from "./gather.ts";
import { gatherFacts } from "./gather-facts.ts";
import type { FactSource, FactsAsked } from "./ports.ts";

/** The call that the facts are about, as it will be judged. */
export interface PreparedCall {
  readonly tool: Tool;
  /** The agent's own words. */
  readonly agentArgs: Readonly<Record<string, Json>>;
  readonly task: Question["task"];
}

/** What was fetched longer ago than this, in milliseconds, is fetched again before anything is decided by it. */
const STANDS_MS = seconds(5);

/**
 * The facts that one call needs, fetched before its turn comes, so that nobody waits in line behind somebody
 * else's slow source. Whoever decides asks it as it would ask the source; what policies that were activated a
 * moment ago read besides is asked of the source then.
 */
export class FactsAtHand implements FactSource {
  readonly #source: FactSource;
  readonly #monotonic: () => number;
  readonly #asked = new Set<string>();
  readonly #values = new Map<string, Json>();
  #fetchedAt: number | undefined;

  /** @param monotonic milliseconds that never go back */
  constructor(source: FactSource, monotonic: () => number = () => performance.now()) {
    this.#source = source;
    this.#monotonic = monotonic;
  }

  /** Whether a decision may rest on what is at hand; where nothing was needed, it may. */
  get areFresh(): boolean {
    return this.#fetchedAt === undefined || this.#monotonic() - this.#fetchedAt < STANDS_MS;
  }

  /**
   * Makes sure that what the policies of now want to know about the call is at hand.
   * @param beforeFetching called where it must be fetched, which takes its time
   */
  async prepare(
    deps: ApprovalsDeps,
    { tool, agentArgs, task }: PreparedCall,
    beforeFetching: () => void,
  ): Promise<void> {
    const server = tool.facts?.length ? await findServer(deps, tool.server) : undefined;
    if (server === undefined) return;
    const { set, shadow } = await decidingFor(deps, task === undefined ? {} : { task });
    const judging = [set, shadow?.set].filter((one) => one !== undefined);
    const { facts: read } = readByAny({ action: "call", tool: tool.identifier }, judging);
    const of = async (asked: FactsAsked) => {
      if (this.areFresh && this.#lacking(asked).length === 0) return {};
      beforeFetching();
      await this.#fetch(asked);
      return {};
    };
    await gatherFacts({ ...deps, facts: { of } }, { args: agentArgs }, { server, tool }, read);
  }

  async of(asked: FactsAsked): Promise<Record<string, Json>> {
    const lacking = this.#lacking(asked);
    const others = lacking.length === 0 ? {} : await this.#source.of({ ...asked, facts: lacking });
    const known = asked.facts.flatMap(({ name }) => {
      const value = this.#values.get(placeOf(asked, name));
      return value === undefined ? [] : [[name, value] as const];
    });
    return { ...Object.fromEntries(known), ...others };
  }

  async #fetch(asked: FactsAsked): Promise<void> {
    const began = this.#monotonic();
    const values = await this.#source.of(asked);
    this.#asked.clear();
    this.#values.clear();
    for (const { name } of asked.facts) this.#asked.add(placeOf(asked, name));
    for (const [name, value] of Object.entries(values)) this.#values.set(placeOf(asked, name), value);
    this.#fetchedAt = began;
  }

  #lacking(asked: FactsAsked): FactsAsked["facts"] {
    return asked.facts.filter(({ name }) => !this.#asked.has(placeOf(asked, name)));
  }
}

/** A definition that was pinned anew may mean another fact by the same name. */
const placeOf = ({ tool }: FactsAsked, name: string): string => `${tool.digest} ${name}`;
