import type { Peer } from "../peer/peer.ts";
import type { Attested } from "../process/attested.ts";
import { couldBeCovered, isCovered, type Selector } from "../selector/selector.ts";
import type { Entry } from "../upstream/upstream.ts";
import { Claim } from "./claim.ts";
import { jwtSvids } from "./jwt-cache.ts";
import { EXITED, NO_ENTRY, NOT_YOURS, type Refusal, refusalOf } from "./refusal.ts";
import { type RunningProcess, runningProcess } from "./running-process.ts";
import type { Shared } from "./shared.ts";
import type { JwtStanding, JwtSvid, Standing, Svid } from "./standing.ts";
import { Watchers } from "./watchers.ts";

/** What is asked again within this time after it was tried is answered the same, in milliseconds. */
const PAUSE = 1_000;

/**
 * One process and its identities, from its first connection to its exit. It is measured at first and at every
 * renewal; every answer asks whether it is still there. All its connections share what it has.
 */
export class Workload {
  readonly #shared: Shared;
  readonly #peer: Peer;
  readonly #process: RunningProcess;
  readonly #left: () => void;
  readonly #watchers = new Watchers<Standing>(() => this.#stands());
  readonly #jwts: ReturnType<typeof jwtSvids>;
  /** By entry, in the entries' order. */
  #claims = new Map<string, Claim>();
  #measured: Attested | undefined;
  #refused: Refusal | undefined;
  #working: Promise<void> | undefined;
  #again = false;
  #tried = Number.NEGATIVE_INFINITY;
  #connections = 0;
  #gone = false;

  /** @param left told when nothing is left of it */
  constructor(shared: Shared, peer: Peer, left: () => void) {
    this.#shared = shared;
    this.#peer = peer;
    this.#process = runningProcess(shared, peer);
    this.#left = left;
    this.#jwts = jwtSvids(shared);
  }

  isAlive(): boolean {
    return !this.#gone && this.#peer.isAlive();
  }

  isGone(): boolean {
    return this.#gone || this.#process.isGone();
  }

  enter(): this {
    this.#connections += 1;
    return this;
  }

  /** A connection has closed. What the process has stays until it exits; where it has nothing it is forgotten. */
  leave(): void {
    this.#connections -= 1;
    this.#forgetIfIdle();
  }

  /** Calls back with how it stands: when that is known, and whenever it changes. Returns how to stop. */
  watch(told: (standing: Standing) => void): () => void {
    return this.#watchers.add(told, this.#settle());
  }

  async standing(): Promise<Standing> {
    await this.#settle();
    return this.#stands();
  }

  /** @param id of its identities; all of them where absent */
  async jwtSvids(audience: readonly string[], id?: string): Promise<JwtStanding> {
    const standing = await this.standing();
    if (standing.kind !== "served") return standing;
    const chosen = standing.svids.filter((svid) => id === undefined || svid.id === id);
    if (chosen.length === 0) return { kind: "refused", ...NOT_YOURS };
    const answers = await Promise.all(chosen.map((svid) => this.#jwtSvid(svid, audience)));
    if (!this.isAlive()) return { kind: "refused", ...EXITED };
    const svids = answers.filter((answer): answer is JwtSvid => answer !== undefined && "svid" in answer);
    if (svids.length > 0) return { kind: "served", svids };
    const refused = answers.find((answer) => answer !== undefined && "code" in answer) as Refusal | undefined;
    return refused === undefined ? { kind: "away" } : { kind: "refused", ...refused };
  }

  /** The entries are others. Whether that matters to this process decides what is measured and asked anew. */
  entriesChanged(): void {
    const wanted = this.#matching();
    const same = wanted.length === this.#claims.size && wanted.every((entry) => this.#has(entry));
    const unread = this.#measured?.unread === true && this.#couldBeSomebody(this.#measured.selectors);
    if (!same || unread) void this.#reconcile();
  }

  bundlesChanged(): void {
    this.#changed();
    for (const claim of this.#claims.values()) claim.bundlesChanged();
  }

  instancesEnded(ended: ReadonlySet<string>): void {
    for (const claim of this.#claims.values()) claim.instancesEnded(ended);
  }

  /** The process is gone: what it had dies. */
  end(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const claim of this.#claims.values()) claim.end();
    this.#peer.close();
    this.#changed();
    this.#left();
  }

  /** The host ends: what it has issued lives on for its time. */
  close(): void {
    this.#gone = true;
    for (const claim of this.#claims.values()) claim.close();
    this.#peer.close();
  }

  #stands(): Standing {
    if (this.isGone()) {
      this.end();
      return { kind: "refused", ...EXITED };
    }
    if (!this.isAlive()) return { kind: "away" };
    const claims = [...this.#claims.values()];
    const svids = claims.flatMap((claim) => claim.servable() ?? []);
    const bundles = this.#shared.bundles();
    if (svids.length > 0 && bundles !== undefined) return { kind: "served", svids, bundles };
    // One that could not be asked for may be granted in a moment: then it is no refusal yet.
    const refused =
      this.#refused ?? (claims.every((claim) => claim.refused) ? claims[0]?.refused : undefined);
    return refused === undefined ? { kind: "away" } : { kind: "refused", ...refused };
  }

  #has(entry: Entry): boolean {
    return this.#claims.get(entry.id)?.isFor(entry) === true;
  }

  #matching(): readonly Entry[] {
    const { selectors = [] } = this.#measured ?? {};
    return (this.#shared.entries() ?? []).filter((entry) => isCovered(entry.selectors, selectors));
  }

  /** Who is nobody here, whatever its program is, does not choose how much of it is read. */
  #couldBeSomebody(place: readonly Selector[]): boolean {
    return (this.#shared.entries() ?? []).some(({ selectors }) => couldBeCovered(selectors, place));
  }

  /** Waits until it is known who this is, and tries again where it was nobody a while ago. */
  #settle(): Promise<void> {
    if (this.#gone || this.#working !== undefined) return this.#working ?? Promise.resolve();
    const claims = [...this.#claims.values()];
    const complete = claims.length > 0 && claims.every((claim) => claim.servable() !== undefined);
    const rested = this.#shared.clock.now() - this.#tried >= PAUSE;
    return complete || !rested ? Promise.resolve() : this.#reconcile();
  }

  #reconcile(): Promise<void> {
    this.#again = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      this.#forgetIfIdle();
    });
    return this.#working;
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#gone) {
      this.#again = false;
      this.#tried = this.#shared.clock.now();
      await this.#establish();
    }
    this.#watchers.tell();
  }

  async #establish(): Promise<void> {
    if (this.#shared.entries() === undefined) return;
    const measured = await this.#measure();
    if (this.#gone || measured === undefined) return;
    this.#measured = "code" in measured ? undefined : measured;
    const matching = this.#matching();
    this.#arrange(matching, "code" in measured ? measured : matching.length === 0 ? NO_ENTRY : undefined);
    if (matching.length === 0) this.#tellWhy(measured);
    if ("code" in measured) return;
    await Promise.all(matching.map((entry) => this.#claims.get(entry.id)?.want(entry, measured)));
  }

  /** @returns nothing where it cannot be looked at now: then all stays as it was */
  async #measure(): Promise<Attested | Refusal | undefined> {
    try {
      return await this.#process.measure({ files: [] }, (place) => this.#couldBeSomebody(place));
    } catch (cause) {
      const { pid, uid } = this.#peer;
      this.#shared.log("warn", "a process cannot be looked at now", { pid, uid, why: String(cause) });
      return undefined;
    }
  }

  /** One claim for each entry, in their order; what no entry covers any more is lost. */
  #arrange(matching: readonly Entry[], refused: Refusal | undefined): void {
    const before = this.#claims;
    const claimFor = (entry: Entry): Claim =>
      before.get(entry.id) ?? new Claim(this.#shared, this.#process, entry, () => this.#changed());
    this.#claims = new Map(matching.map((entry) => [entry.id, claimFor(entry)]));
    const lost = [...before].filter(([id]) => !this.#claims.has(id));
    for (const [, claim] of lost) claim.end();
    const same = lost.length === 0 && refused?.code === this.#refused?.code;
    this.#refused = refused;
    if (!same) this.#changed();
  }

  #changed(): void {
    this.#watchers.changed();
    this.#watchers.tell();
  }

  /** What could not be shown of it may be what its entry asks for. */
  #tellWhy(measured: Attested | Refusal): void {
    const { pid, uid } = this.#peer;
    const why = "code" in measured ? [measured] : [...(measured.withheld ?? []).map(refusalOf), NO_ENTRY];
    for (const refusal of why) this.#shared.log("warn", "a process is nobody here", { pid, uid, ...refusal });
  }

  /** @returns nothing where the control plane is away */
  async #jwtSvid(svid: Svid, audience: readonly string[]): Promise<JwtSvid | Refusal | undefined> {
    try {
      return await this.#jwts(svid, audience);
    } catch (cause) {
      this.#shared.log("warn", "a JWT-SVID could not be asked for", { id: svid.id, why: String(cause) });
      return undefined;
    }
  }

  #forgetIfIdle(): void {
    if (this.#connections > 0 || this.#claims.size > 0 || this.#working !== undefined || this.#gone) return;
    this.close();
    this.#left();
  }
}
