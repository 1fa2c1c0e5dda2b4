import type { Sealer } from "../audit/index.ts";
import type { DatabaseDeps } from "../database/index.ts";
import { Fault, isFailure, seconds } from "../lib/index.ts";
import { type ApplicationHead, MOST_APPLICATIONS } from "./application.ts";
import { type CompiledApplication, compileApplication } from "./compile-application.ts";
import { APPLICATIONS_CHANNEL, applicationsAfter, readCount } from "./store.ts";
import { storedApplication } from "./stored-application.ts";

/** What is in memory is looked up again after this long, in milliseconds; the announcement of a change is sooner. */
const STALE_MS = seconds(1);
/** So many stay ready to be asked; the one that was asked longest ago is made ready anew when it is asked again. */
const MOST_READY = 100;

/** Which applications there are, as of one count. */
export interface Applications {
  readonly count: number;
  readonly byName: ReadonlyMap<string, ApplicationHead>;
  readonly byService: ReadonlyMap<string, readonly ApplicationHead[]>;
}

/**
 * The applications that are asked, ready in memory, so that a question reads nothing from the database. They are
 * at most a second old: each second one row is read, and another process's change announces itself besides.
 * While the database is away nobody is answered.
 */
export class LiveApplications {
  readonly #deps: DatabaseDeps & { readonly sealer: Sealer };
  readonly #monotonic: () => number;
  readonly #stop: () => void;
  /** By name and number, in the order in which they were asked for. */
  readonly #ready = new Map<string, CompiledApplication>();
  readonly #making = new Map<string, Promise<CompiledApplication>>();
  #known: Applications | undefined;
  #announced = 0;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Applications> | undefined;

  /** @param monotonic milliseconds that never go back */
  constructor(
    deps: DatabaseDeps & { readonly sealer: Sealer },
    monotonic: () => number = () => performance.now(),
  ) {
    this.#deps = deps;
    this.#monotonic = monotonic;
    this.#stop = deps.database.listen(APPLICATIONS_CHANNEL, () => this.renew());
  }

  /** Which there are: at once where that was read within the last second. */
  all(): Applications | Promise<Applications> {
    if (this.#known !== undefined && this.#monotonic() - this.#readAt < STALE_MS) return this.#known;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** One of them, ready to be asked: at once where it is. */
  ready(head: ApplicationHead): CompiledApplication | Promise<CompiledApplication> {
    const key = `${head.name} ${head.number}`;
    const ready = this.#ready.get(key);
    if (ready !== undefined) return ready;
    let making = this.#making.get(key);
    if (making === undefined) {
      making = this.#make(head, key).finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    return making;
  }

  close(): void {
    this.#stop();
  }

  /**
   * Looks again before anybody is answered. A reading that has begun may have missed what there is to see, so
   * its result is for those who wait alone.
   */
  renew(): void {
    this.#announced += 1;
    this.#readAt = Number.NEGATIVE_INFINITY;
    this.#known = undefined;
    this.#reading = undefined;
  }

  async #read(): Promise<Applications> {
    const [began, announced, before] = [this.#monotonic(), this.#announced, this.#known];
    const { database } = this.#deps;
    const count = await readCount(database);
    const known = before?.count === count ? before : applications(count, await headsOf(database));
    if (this.#announced === announced) {
      this.#known = known;
      this.#readAt = began;
    }
    return known;
  }

  async #make(head: ApplicationHead, key: string): Promise<CompiledApplication> {
    const ready = await this.#compiled(head);
    for (const old of this.#ready.keys()) {
      if (old.startsWith(`${head.name} `) || this.#ready.size >= MOST_READY) this.#ready.delete(old);
    }
    this.#ready.set(key, ready);
    return ready;
  }

  async #compiled(head: ApplicationHead): Promise<CompiledApplication> {
    try {
      const { definition, read } = await storedApplication(this.#deps, head.name, head.number);
      return await compileApplication(head, definition, read);
    } catch (error) {
      if (error instanceof Fault && isFailure(error.code)) throw error;
      this.#deps.log.error({ error: String(error), ...head }, "an application cannot be used");
      throw new Fault("unavailable", "This application cannot be used now.", {
        remedy: "Ask again; if it stays so, define it anew.",
        cause: error,
      });
    }
  }
}

const headsOf = (database: DatabaseDeps["database"]): Promise<ApplicationHead[]> =>
  applicationsAfter(database, { limit: MOST_APPLICATIONS });

function applications(count: number, heads: readonly ApplicationHead[]): Applications {
  const byService = new Map<string, ApplicationHead[]>();
  for (const head of heads) {
    for (const service of head.services) byService.set(service, [...(byService.get(service) ?? []), head]);
  }
  return { count, byName: new Map(heads.map((head) => [head.name, head])), byService };
}
