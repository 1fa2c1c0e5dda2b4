import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import type { CompactVerifyGetKey, JSONWebKeySet, JWK } from "jose";
import { fetchFreshJson, fetchJson, type OutboundOptions } from "../http/index.ts";
import { type Clock, Fault, minutes, seconds } from "../lib/index.ts";
import { jose } from "./jose-library.ts";

/** Whoever signs what is verified here, and where its keys are: an administrator has said both. */
export interface KeySource {
  readonly name: string;
  /** Another revision never uses the keys of the one before. */
  readonly revision: number | string;
  readonly issuer: string;
  readonly jwks_uri?: string | undefined;
  /** The keys themselves, where they cannot be fetched. */
  readonly jwks?: Json | undefined;
  /** Certificates by which the place of its keys is trusted, in place of the usual ones; PEM. */
  readonly ca?: string | undefined;
}

/**
 * How long keys are believed without looking again, and shorter where whoever publishes them says so: a key that
 * was taken away there is good here no longer.
 */
const STANDS = minutes(10);
/** Looked again no sooner than this, whatever assertions name, and whoever publishes them says. */
const INTERVAL = seconds(30);
/** Under the time in which a use case has to be done. */
const TIMEOUT_MS = 1_500;
const MOST_KEYS = 100;
const MOST_PROVIDERS = 200;

interface Known {
  readonly keys: CompactVerifyGetKey;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The public keys of identity providers, as they publish them. One for each process. */
export class ProviderKeys {
  readonly #clock: Clock;
  readonly #outbound: OutboundOptions;
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, number>();
  readonly #underWay = new Map<string, Promise<Known>>();

  constructor(deps: { readonly clock: Clock; readonly outbound: OutboundOptions }) {
    this.#clock = deps.clock;
    this.#outbound = deps.outbound;
  }

  /**
   * Does something with the provider's keys; where none of them fits, looks once for newer ones.
   * @throws Fault `unavailable` when they cannot be had; whatever `use` throws
   */
  async with<T>(provider: KeySource, use: (keys: CompactVerifyGetKey) => Promise<T>): Promise<T> {
    const known = await this.#current(provider);
    try {
      return await use(known.keys);
    } catch (error) {
      const { errors } = await jose();
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayAsk(provider)) throw error;
      return use((await this.#ask(provider)).keys);
    }
  }

  async #current(provider: KeySource): Promise<Known> {
    const known = this.#known.get(placeOf(provider));
    if (known !== undefined && this.#clock.now() < known.until) return known;
    return this.#ask(provider);
  }

  #mayAsk(provider: KeySource): boolean {
    const last = this.#asked.get(placeOf(provider));
    return last === undefined || this.#clock.now() - last >= INTERVAL;
  }

  /** Who asks at the same time shares one request. */
  #ask(provider: KeySource): Promise<Known> {
    const place = placeOf(provider);
    const underWay = this.#underWay.get(place);
    if (underWay !== undefined) return underWay;
    if (!this.#mayAsk(provider)) return Promise.reject(away());
    if (this.#asked.size >= MOST_PROVIDERS) this.#forgetAll();
    this.#asked.set(place, this.#clock.now());
    const asked = this.#fetch(provider)
      .then(({ keys, maxAgeMs = STANDS }) => {
        const stands = Math.max(INTERVAL, Math.min(maxAgeMs, STANDS));
        const known = { keys, until: this.#clock.now() + stands };
        this.#known.set(place, known);
        return known;
      })
      .finally(() => this.#underWay.delete(place));
    this.#underWay.set(place, asked);
    return asked;
  }

  #forgetAll(): void {
    this.#asked.clear();
    this.#known.clear();
  }

  async #fetch(provider: KeySource): Promise<{ keys: CompactVerifyGetKey; maxAgeMs?: number | undefined }> {
    const { createLocalJWKSet } = await jose();
    if (provider.jwks !== undefined) return { keys: createLocalJWKSet(publicKeysIn(provider.jwks)) };
    const place = await this.#placeOfKeys(provider);
    const asked = { ...place, ...caOf(provider), timeoutMs: TIMEOUT_MS };
    const { json, maxAgeMs } = await fetchFreshJson(this.#outbound, asked);
    return { keys: createLocalJWKSet(publicKeysIn(json)), maxAgeMs };
  }

  /** An administrator has named the issuer, and perhaps the keys' address: these may stand in a private network. */
  async #placeOfKeys({ issuer, jwks_uri, ca }: KeySource): Promise<{ url: string; registered: boolean }> {
    if (jwks_uri !== undefined) return { url: jwks_uri, registered: true };
    const metadata = await fetchJson(this.#outbound, {
      url: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
      registered: true,
      ...caOf({ ca }),
      timeoutMs: TIMEOUT_MS,
    });
    if (!isJsonObject(metadata) || metadata.issuer !== issuer || typeof metadata.jwks_uri !== "string")
      throw away("the metadata is not this issuer's");
    const { jwks_uri: url } = metadata;
    return { url, registered: URL.canParse(url) && new URL(url).hostname === new URL(issuer).hostname };
  }
}

/** Another definition never uses the keys of the one before. */
const placeOf = ({ name, revision }: KeySource): string => `${name}#${revision}`;

const caOf = ({ ca }: Pick<KeySource, "ca">): { ca?: string } => (ca === undefined ? {} : { ca });

/** Those keys that can verify and that an assertion can name; a shared secret never becomes a key. */
function publicKeysIn(document: Json): JSONWebKeySet {
  const keys = isJsonObject(document) && Array.isArray(document.keys) ? document.keys : undefined;
  if (keys === undefined || keys.length > MOST_KEYS) throw away("there is no set of keys");
  return { keys: keys.filter((key): key is JsonObject => isJsonObject(key) && isUsable(key)) as JWK[] };
}

const isUsable = ({ kty, use, kid, d, k }: JsonObject): boolean =>
  (kty === "EC" || kty === "OKP" || kty === "RSA") &&
  (use === undefined || use === "sig") &&
  typeof kid === "string" &&
  d === undefined &&
  k === undefined;

const away = (why = "its keys were asked for a moment ago"): Fault =>
  new Fault("unavailable", "The identity provider's keys cannot be had at the moment.", {
    remedy: "Try again in half a minute.",
    cause: new Error(why),
  });
