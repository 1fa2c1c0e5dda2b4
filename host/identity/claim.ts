import { canonicalize, type Json } from "@countersign/proof/jcs";
import type { Attested } from "../process/attested.ts";
import { isCovered } from "../selector/selector.ts";
import type { Entry } from "../upstream/upstream.ts";
import { backoff } from "./backoff.ts";
import { accept, type Held, isBelieved, ownKey } from "./held.ts";
import { ENDED, NO_ENTRY, type Refusal, SHARED_INSTANCE } from "./refusal.ts";
import { attestRequest, makeKey } from "./request.ts";
import { CannotLook, type RunningProcess } from "./running-process.ts";
import type { Shared } from "./shared.ts";
import { Timers } from "./timers.ts";

/** After the bundle has lost who signed an SVID it is renewed within this time, in milliseconds, by chance. */
const CATCHING_UP = 5_000;
/** The least time between attempts, in milliseconds. */
const LEAST_PAUSE = 1_000;

/** What one process has, or may have, under one entry: it is asked for, renewed, and lost. */
export class Claim {
  readonly #shared: Shared;
  readonly #process: RunningProcess;
  readonly #changed: () => void;
  readonly #timers: Timers<"renew" | "expire">;
  #entry: Entry;
  #held: Held | undefined;
  #refused: Refusal | undefined;
  #asking: Promise<void> | undefined;
  #failures = 0;
  #ended = false;

  /** @param changed told whenever what it holds has become other than it was */
  constructor(shared: Shared, process: RunningProcess, entry: Entry, changed: () => void) {
    this.#shared = shared;
    this.#process = process;
    this.#entry = entry;
    this.#changed = changed;
    this.#timers = new Timers(shared.clock);
  }

  get refused(): Refusal | undefined {
    return this.#refused;
  }

  /** What may be handed out now: nothing that has expired, ever. */
  servable(): Held | undefined {
    return this.#held !== undefined && this.#held.expires > this.#shared.clock.now() ? this.#held : undefined;
  }

  /** Whether this is what is held already. */
  isFor(entry: Entry): boolean {
    return this.#held !== undefined && isSame(this.#held.entry, entry);
  }

  /** Asks for what the entry says, where that is not held already. */
  async want(entry: Entry, known: Attested): Promise<void> {
    // Whatever is under way was asked for under the entry as it was.
    await this.#asking;
    this.#entry = entry;
    if (!this.isFor(entry)) await this.#obtain(known);
  }

  /** Loses what the control plane has ended; whoever asks again is judged anew. */
  instancesEnded(ended: ReadonlySet<string>): void {
    if (this.#held !== undefined && ended.has(this.#held.id)) this.#lose(ENDED);
  }

  /** Renews soon what nobody would believe any more. */
  bundlesChanged(): void {
    const [own] = this.#shared.bundles() ?? [];
    const { clock, random } = this.#shared;
    if (this.#held === undefined || own === undefined || isBelieved(this.#held, own.bundle, clock.now()))
      return;
    this.#timers.set("renew", CATCHING_UP * random(), () => void this.#obtain());
  }

  /** What it held dies, also for those who have seen it. */
  end(): void {
    this.#ended = true;
    this.#timers.clear();
    this.#forget(true);
  }

  /** Lets go of it; it lives on for its time. */
  close(): void {
    this.#ended = true;
    this.#timers.clear();
  }

  #obtain(known?: Attested): Promise<void> {
    this.#asking ??= this.#attempt(known).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Never throws: what goes wrong on the way to the control plane costs nothing that is held. */
  async #attempt(known?: Attested): Promise<void> {
    try {
      const outcome = await this.#ask(this.#entry, known);
      if ("code" in outcome) this.#lose(outcome);
      else this.#take(outcome);
    } catch (cause) {
      this.#postpone(cause);
    }
  }

  async #ask(entry: Entry, known?: Attested): Promise<Held | Refusal> {
    const needsMore = entry.files.length > 0 || entry.model !== undefined;
    const measured = known === undefined || needsMore ? await this.#process.measure(entry) : known;
    if ("code" in measured) return measured;
    if (!isCovered(entry.selectors, measured.selectors)) return NO_ENTRY;
    // A new identity gets a key that never had another.
    const own = this.#held ?? ownKey(makeKey());
    const answer = await this.#shared.ask(attestRequest(entry, measured, own, this.#held?.id));
    if ("refused" in answer) return answer.refused;
    const { clock, random } = this.#shared;
    return accept(entry, own, answer, { now: clock.now(), random: random() });
  }

  #take(held: Held): void {
    if (this.#ended || this.#process.isGone()) this.#shared.ended(held.id);
    else if (!this.#process.isAlive()) this.#postpone(new CannotLook());
    else if (this.#shared.claim(held.id, this)) this.#keep(held);
    else this.#lose(SHARED_INSTANCE);
  }

  #keep(held: Held): void {
    if (this.#held?.id !== held.id) this.#forget(true);
    this.#held = held;
    this.#refused = undefined;
    this.#failures = 0;
    const now = this.#shared.clock.now();
    this.#timers.set("renew", held.due - now, () => void this.#obtain());
    this.#timers.set("expire", held.expires - now, () => this.#expire());
    this.#changed();
  }

  #lose(refused: Refusal): void {
    if (this.#ended) return;
    const { id: entry, principal } = this.#entry;
    this.#shared.log("warn", "a process is refused its identity", { entry, principal, ...refused });
    this.#timers.clear();
    this.#forget(true);
    this.#refused = refused;
    this.#changed();
  }

  #postpone(cause: unknown): void {
    if (this.#ended) return;
    const { clock, random, log } = this.#shared;
    this.#failures += 1;
    log("warn", "an identity could not be asked for", { entry: this.#entry.id, why: String(cause) });
    const left = this.#held === undefined ? Number.POSITIVE_INFINITY : (this.#held.expires - clock.now()) / 4;
    const pause = Math.max(LEAST_PAUSE, Math.min(backoff(this.#failures, random()), left));
    this.#timers.set("renew", pause, () => void this.#obtain());
  }

  #expire(): void {
    if (this.servable() !== undefined) return;
    this.#forget(false);
    this.#changed();
  }

  #forget(dies: boolean): void {
    if (this.#held === undefined) return;
    this.#shared.release(this.#held.id, this);
    if (dies) this.#shared.ended(this.#held.id);
    this.#held = undefined;
  }
}

export const isSame = (one: Entry, other: Entry): boolean => textOf(one) === textOf(other);

const textOf = (entry: Entry): string => canonicalize(entry as unknown as Json);
