import type { Json } from "@countersign/proof/jcs";
import { parseBundle, type TrustBundle } from "@countersign/proof/svid";
import { append, perform } from "../audit/index.ts";
import { minutes, seconds, system } from "../lib/index.ts";
import { trustBundleRefreshed, trustBundleRefused } from "./events.ts";
import { fetchBundle } from "./fetch-bundle.ts";
import { bundleFacts, sameWord } from "./put-trust-domain.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { domainNamed, domainsWithEndpoint, replaceDomain } from "./store.ts";
import type { TrustDomain } from "./trust-domain.ts";

/** How often a bundle is fetched where it does not say; and the bounds of what it may say. */
const USUAL_INTERVAL = minutes(5);
const SHORTEST_INTERVAL = minutes(1);
const LONGEST_INTERVAL = minutes(24 * 60);

/** Keeps the bundles fresh that are fetched, as often as each one says. One that fails waits for its next turn. */
export class BundleRefresh {
  readonly #deps: SpiffeDeps;
  /** By trust domain: when it is fetched next, on our clock. */
  readonly #due = new Map<string, number>();
  /** What was refused last, so that the log says it once. */
  readonly #refused = new Map<string, string>();

  constructor(deps: SpiffeDeps) {
    this.#deps = deps;
  }

  /** Fetches those that are due. Never throws for one that cannot be had. */
  async run(): Promise<void> {
    const now = this.#deps.clock.now();
    const domains = await domainsWithEndpoint(this.#deps.database);
    const due = domains.filter(({ id }) => now >= (this.#due.get(id) ?? 0));
    await Promise.all(due.map((domain) => this.#refresh(domain, now)));
  }

  async #refresh(domain: TrustDomain, now: number): Promise<void> {
    this.#due.set(domain.id, now + intervalOf(this.#deps.bundles.of(domain)));
    const { log } = this.#deps;
    try {
      const document = await fetchBundle(this.#deps, { ...domain, known: domain.document });
      await this.#take(domain, document);
    } catch (error) {
      log.warn(
        { trustDomain: domain.name, error: (error as Error).message },
        "a trust bundle could not be had",
      );
    }
  }

  async #take(domain: TrustDomain, attackerDocument: Json): Promise<void> {
    const why = refusalOf(parseBundle(domain.document), attackerDocument);
    if (why === undefined) return takeBundle(this.#deps, domain, attackerDocument);
    const offered = JSON.stringify(attackerDocument);
    if (this.#refused.get(domain.id) === offered) return;
    const { name, id } = domain;
    await perform(this.#deps, system, "trust-bundle.refresh", async (change) => {
      append(change, trustBundleRefused(this.#deps, system, {}, { trust_domain: name, id, why }));
    });
    this.#refused.set(domain.id, offered);
  }
}

/** A bundle that can be read and does not go back behind the one that is known. */
function refusalOf(known: TrustBundle, attackerDocument: Json): "unreadable" | "older" | undefined {
  try {
    const { sequence } = parseBundle(attackerDocument);
    const goesBack = known.sequence !== undefined && (sequence === undefined || sequence < known.sequence);
    return goesBack ? "older" : undefined;
  } catch {
    return "unreadable";
  }
}

/** Whoever changed the trust domain meanwhile knows better. */
function takeBundle(deps: SpiffeDeps, fetchedFor: TrustDomain, document: Json): Promise<void> {
  return perform(deps, system, "trust-bundle.refresh", async (change) => {
    const before = await domainNamed(deps.database, fetchedFor.name);
    if (before?.id !== fetchedFor.id || before.revision !== fetchedFor.revision) return;
    const after = { ...before, document, updated: deps.clock.now(), revision: before.revision + 1 };
    if (sameWord(before, after)) return;
    replaceDomain(change, before, after);
    append(change, trustBundleRefreshed(deps, system, {}, bundleFacts(after)));
  });
}

const intervalOf = ({ refreshHint }: TrustBundle): number =>
  refreshHint === undefined
    ? USUAL_INTERVAL
    : Math.min(LONGEST_INTERVAL, Math.max(SHORTEST_INTERVAL, seconds(refreshHint)));
