import { publicJwkOf } from "@countersign/proof/jwk";
import { type Credential, withPending } from "./credential.ts";
import { type Joined, makeHostKey, possession } from "./join.ts";
import type { UpstreamOptions } from "./options.ts";
import { UpstreamRefused } from "./refused.ts";
import { SignedRequests } from "./signed-requests.ts";
import type { Ask, Transport } from "./transport.ts";
import {
  type AttestAnswer,
  type AttestRequest,
  type Bundles,
  type EntryList,
  type Refused,
  type Upstream,
  UpstreamAway,
} from "./upstream.ts";

/** How often a request that met nobody is sent again, and how long to wait in between at most, in milliseconds. */
const ATTEMPTS = 3;
const PAUSE = 400;
/** After half of its time a machine's key is changed. */
const RENEWAL_SHARE = 0.5;
/** How long the control plane may hold a question about changes; it answers after some 25 seconds. */
const LONG_POLL = 60_000;
const LONGEST_PAUSE = 30_000;
/** How often it is said that nothing is held: a thousand end each time. */
const MOST_ROUNDS = 50;

/** The control plane over HTTP. Whatever is away stays away until the caller asks again. */
export class HttpUpstream implements Upstream {
  readonly #transport: Transport;
  readonly #requests: SignedRequests;
  readonly #events: NonNullable<UpstreamOptions["events"]>;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #closed = new AbortController();
  readonly #onEnded = new Set<(instances: readonly string[]) => void>();
  #credential: Credential;
  #joinedAt: number;
  #renewing: Promise<void> | undefined;
  #mustSayAnew: boolean;
  #sayingAnew: Promise<void> | undefined;

  /** @param joined what `join` or a key file gave. Takes over the transport. */
  constructor(
    transport: Transport,
    joined: Credential,
    { events = {}, now = Date.now, random = Math.random, anew = false }: UpstreamOptions = {},
  ) {
    this.#transport = transport;
    this.#credential = joined;
    this.#joinedAt = now();
    this.#events = events;
    this.#now = now;
    this.#random = random;
    this.#mustSayAnew = anew;
    this.#requests = new SignedRequests(transport, () => this.#credential, now);
  }

  /** A machine that has ended has nobody left: that is an answer, and processes lose what they have. */
  async entries(): Promise<EntryList> {
    await this.#renewInTime();
    await this.#sayAnew();
    const none = { revision: "ended", entries: [] };
    return this.#orEnded(this.#asked<EntryList>({ method: "GET", path: "/hosts/self/entries" }), () => none);
  }

  async attest(requests: readonly AttestRequest[]): Promise<readonly AttestAnswer[]> {
    await this.#sayAnew();
    const asked = this.#asked<{ answers: AttestAnswer[] }>({
      method: "POST",
      path: "/hosts/self/attestations",
      body: { requests },
    });
    const { answers } = await this.#orEnded(asked, (refused) => ({
      answers: requests.map(() => ({ refused })),
    }));
    return answers;
  }

  async jwtSvid(instance: string, audience: readonly string[]) {
    const body = { instance, audience };
    try {
      return await this.#asked<{ svid: string; expires: number }>({
        method: "POST",
        path: "/hosts/self/jwt-svids",
        body,
      });
    } catch (error) {
      if (error instanceof UpstreamRefused) return { refused: error.refused };
      throw error;
    }
  }

  async ended(instances: readonly string[]): Promise<void> {
    if (instances.length === 0) return;
    await this.#orEnded(
      this.#asked({ method: "POST", path: "/hosts/self/ended", body: { instances } }),
      () => undefined,
    );
  }

  async bundles(): Promise<Bundles> {
    const ask: Ask = { method: "GET", path: "/hosts/self/bundles" };
    return (await this.#asked<{ bundles: Bundles }>(ask)).bundles;
  }

  onChange(changed: () => void): () => void {
    const stop = new AbortController();
    void this.#follow(changed, AbortSignal.any([stop.signal, this.#closed.signal]));
    return () => stop.abort();
  }

  onEnded(ended: (instances: readonly string[]) => void): () => void {
    this.#onEnded.add(ended);
    return () => this.#onEnded.delete(ended);
  }

  close(): void {
    this.#closed.abort();
    this.#transport.close();
  }

  /** Asks again and again what has changed; what was missed while it was away is told when it is back. */
  async #follow(changed: () => void, signal: AbortSignal): Promise<void> {
    let since: string | undefined;
    for (let failures = 0; !signal.aborted; ) {
      try {
        const query = since === undefined ? "" : `?since=${encodeURIComponent(since)}`;
        const path = `/hosts/self/changes${query}`;
        const asked = this.#requests.ask<Changes>({ method: "GET", path, timeout: LONG_POLL, signal });
        const { revision, ended } = await asked;
        if (revision !== since && !signal.aborted) {
          for (const tell of ended.length > 0 ? this.#onEnded : []) tell(ended);
          changed();
        }
        since = revision;
        failures = 0;
      } catch {
        failures += 1;
        await this.#pause(Math.min(LONGEST_PAUSE, 500 * 2 ** failures), signal);
        since = undefined;
      }
    }
  }

  /** Exits that nobody saw are told before anything new is issued: what is said of all is not of those that come. */
  #sayAnew(): Promise<void> {
    if (!this.#mustSayAnew) return Promise.resolve();
    this.#sayingAnew ??= this.#endAll().finally(() => {
      this.#sayingAnew = undefined;
    });
    return this.#sayingAnew;
  }

  async #endAll(): Promise<void> {
    const ask: Ask = { method: "POST", path: "/hosts/self/ended", body: { holding: "none" } };
    try {
      for (let left = MOST_ROUNDS; left > 0; left--)
        if ((await this.#asked<{ ended: number }>(ask)).ended === 0) break;
    } catch (error) {
      // One that has ended itself is told so by what it asks next.
      if (!(error instanceof UpstreamRefused)) throw error;
    }
    this.#mustSayAnew = false;
  }

  async #asked<T>(ask: Ask): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#byEitherKey<T>({ ...ask, signal: this.#closed.signal });
      } catch (error) {
        if (error instanceof UpstreamRefused) throw asAway(error);
        if (attempt === ATTEMPTS || this.#closed.signal.aborted) throw error;
        await this.#pause(PAUSE * attempt, this.#closed.signal);
      }
    }
  }

  /** Who is not known by its key may be known by the next one, whose answer was lost. */
  async #byEitherKey<T>(ask: Ask): Promise<T> {
    try {
      return await this.#requests.ask<T>(ask);
    } catch (error) {
      const next = withPending(this.#credential);
      if (next === undefined || !(error instanceof UpstreamRefused) || error.status !== 401) throw error;
      return await this.#byNextKey<T>(next, ask);
    }
  }

  /** An answer that is a refusal knows the machine as well. */
  async #byNextKey<T>(next: Credential, ask: Ask): Promise<T> {
    try {
      const answer = await new SignedRequests(this.#transport, () => next, this.#now).ask<T>(ask);
      this.#adopt(next);
      return answer;
    } catch (error) {
      if (error instanceof UpstreamRefused && error.status !== 401) this.#adopt(next);
      throw error;
    }
  }

  #adopt(credential: Credential): void {
    this.#credential = credential;
    this.#joinedAt = this.#now();
    this.#events.renewed?.(credential);
  }

  async #orEnded<T>(asked: Promise<T>, then: (refused: Refused) => T): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      if (!(error instanceof UpstreamRefused) || error.refused.code !== "host-ended") throw error;
      this.#events.ended?.(error.refused);
      return then(error.refused);
    }
  }

  /** What goes wrong with it is no reason to do without anything else. */
  #renewInTime(): Promise<void> {
    const { expires } = this.#credential;
    const due = this.#joinedAt + (expires - this.#joinedAt) * RENEWAL_SHARE;
    if (this.#now() < due) return Promise.resolve();
    this.#renewing ??= this.#renew()
      .catch((error: unknown) => this.#goOn(error))
      .catch((cause: unknown) => this.#events.renewalUnanswered?.(cause))
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  /** Whoever may not renew goes on until its time is over, and asks again after half of what is left. */
  #goOn(error: unknown): void {
    if (!(error instanceof UpstreamRefused)) throw error;
    this.#joinedAt = this.#now();
    this.#events.notRenewed?.(error.refused);
  }

  /** The new key proves itself, the old one asks. The new one is kept before: the answer may be lost. */
  async #renew(): Promise<void> {
    const before = this.#credential;
    const key = before.pending ?? makeHostKey();
    if (before.pending === undefined) {
      this.#credential = { ...before, pending: key };
      this.#events.renewing?.(this.#credential);
    }
    const made = { issuer: this.#transport.origin, now: this.#now(), of: before.id };
    const body = { jwk: publicJwkOf(key), proof: possession(key, "host-key+jwt", made) };
    try {
      const ask: Ask = { method: "POST", path: "/hosts/self/key", body };
      const { host, id, expires } = await this.#asked<Joined>(ask);
      this.#adopt({ host, id, expires, key });
    } catch (error) {
      // Asked again by the new key itself, it is one that is known: then it is the machine's.
      if (this.#credential.key !== key) throw error;
    }
  }

  /** Half of it by chance, so that machines that failed together do not come back together. */
  #pause(longest: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + this.#random() / 2)).unref();
      const stop = (): void => {
        clearTimeout(timer);
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
  }
}

interface Changes {
  readonly revision: string;
  readonly ended: readonly string[];
}

/** Whoever is not known here at all may be at the wrong place, or its clock is wrong: no reason to drop what is held. */
const asAway = (error: UpstreamRefused): Error =>
  error.status === 401
    ? new UpstreamAway("the control plane does not know this machine", { cause: error })
    : error;
