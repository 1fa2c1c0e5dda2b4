import type { Json } from "@countersign/proof/jcs";
import type { FactSource, FactsAsked } from "../approvals/index.ts";
import { type FactDeclaration, factUrl, type Tool } from "../catalog/index.ts";
import { fetchJson } from "../http/index.ts";
import { Fault, seconds } from "../lib/index.ts";
import { FactCache, type FoundValues } from "./fact-cache.ts";
import { factCredential } from "./fact-credential.ts";
import { factValue } from "./fact-value.ts";
import type { GatewayDeps } from "./gateway-deps.ts";
import { pointedAt } from "./pointer.ts";

/** How long an answer stands where the catalog says nothing. */
const STANDS = seconds(30);
/** Under the time in which a use case has to be done. */
const TIMEOUT_MS = 1_500;
const MOST_REMEMBERED = 10_000;
/** An agent that names one invoice after the other does not make us flood whoever keeps them. */
const MOST_AT_ONCE = 32;

/**
 * Finds out what is true of a resource by asking where the catalog says, with the server's own credential.
 * What an agent says is only ever part of the path; whatever goes wrong leaves the fact absent. Answers
 * stand for as long as the catalog allows, and who asks for the same at once shares one request.
 */
export function factSource(deps: GatewayDeps): FactSource {
  const asking = new Asking(deps);
  return {
    async of(asked) {
      const named = asked.facts.map(async (fact) => [fact.name, await factOf(asking, asked, fact)] as const);
      return Object.fromEntries((await Promise.all(named)).filter(isKnown));
    },
  };
}

const isKnown = (named: readonly [string, Json | undefined]): named is readonly [string, Json] =>
  named[1] !== undefined;

async function factOf(asking: Asking, asked: FactsAsked, fact: FactDeclaration): Promise<Json | undefined> {
  const url = factUrl(fact.url, asked.agentArgs);
  const stands = fact.cache_seconds === undefined ? STANDS : seconds(fact.cache_seconds);
  const values = url === undefined ? undefined : await asking.valuesAt(url, asked, stands);
  return values?.get(placeOf(fact));
}

/** What a value is remembered by. */
const placeOf = ({ type, pointer }: FactDeclaration): string => `${type} ${pointer}`;

/** What any fact of the tool points at, as far as it is what was declared. */
const valuesIn = (document: Json, { facts = [] }: Tool): FoundValues =>
  new Map(facts.map((fact) => [placeOf(fact), factValue(pointedAt(document, fact.pointer), fact.type)]));

/** Requests under way and findings that still stand. */
class Asking {
  readonly #deps: GatewayDeps;
  readonly #cache = new FactCache(MOST_REMEMBERED);
  readonly #underWay = new Map<string, Promise<FoundValues | undefined>>();
  /** How many are under way, by origin. */
  readonly #atOnce = new Map<string, number>();

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
  }

  /**
   * @param stands how old an answer may be, in milliseconds; 0: asked after this moment, for this call alone
   * @returns nothing where the source does not answer as it should
   */
  async valuesAt(url: string, asked: FactsAsked, stands: number): Promise<FoundValues | undefined> {
    const place = `${asked.tool.digest} ${url}`;
    const known = this.#cache.get(place, this.#deps.clock.now(), stands);
    const underWay = stands > 0 ? this.#underWay.get(place) : undefined;
    return known ?? underWay ?? this.#start(place, url, asked);
  }

  #start(place: string, url: string, asked: FactsAsked): Promise<FoundValues | undefined> {
    const began = this.#deps.clock.now();
    const request = this.#ask(url, asked).then((values) => {
      if (values !== undefined) this.#cache.put(place, began, values);
      return values;
    });
    this.#underWay.set(place, request);
    const forget = (): void => {
      if (this.#underWay.get(place) === request) this.#underWay.delete(place);
    };
    request.then(forget, forget);
    return request;
  }

  async #ask(url: string, { server, tool }: FactsAsked): Promise<FoundValues | undefined> {
    const { origin, hostname } = new URL(url);
    try {
      const document = await this.#inTurn(origin, () =>
        fetchJson(this.#deps.outbound, {
          url,
          headers: { authorization: `Bearer ${factCredential(this.#deps, url)}` },
          registered: hostname === new URL(server.resource).hostname,
          timeoutMs: TIMEOUT_MS,
        }),
      );
      return valuesIn(document, tool);
    } catch (error) {
      // The path may name what nobody else should read.
      this.#deps.log.warn(
        { tool: tool.identifier, origin, error: reasonOf(error) },
        "a fact could not be had",
      );
      return undefined;
    }
  }

  async #inTurn<T>(origin: string, request: () => Promise<T>): Promise<T> {
    const others = this.#atOnce.get(origin) ?? 0;
    if (others >= MOST_AT_ONCE) throw new Error("too many requests are under way there");
    this.#atOnce.set(origin, others + 1);
    try {
      return await request();
    } finally {
      const left = (this.#atOnce.get(origin) ?? 1) - 1;
      if (left > 0) this.#atOnce.set(origin, left);
      else this.#atOnce.delete(origin);
    }
  }
}

const reasonOf = (error: unknown): string =>
  String(error instanceof Fault && error.cause instanceof Error ? error.cause.message : error);
