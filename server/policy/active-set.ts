import { type CedarSchema, catalogVersion, cedarSchema, type SchemaAndDigest } from "../catalog/index.ts";
import { checkAgainst, validateAgainst } from "./check.ts";
import { checkInWorker, readInWorker, validateInWorker } from "./compile-worker-client.ts";
import { DecisionLog } from "./decision-log.ts";
import type { PolicyFile, PolicySet, Problem } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { buildSetInSteps, identify, type ReadSet, readSet } from "./policy-set.ts";
import { ShadowCounts } from "./shadow-counts.ts";
import { head, type StoredSet, storedSet } from "./store.ts";

/** The set that decides, one shadow, one canary, and those that somebody is just comparing with them. */
const MOST_READY = 8;

/**
 * What the room keeps in memory for one open database: the sets that decide, ready for evaluation, and what
 * has not been written yet of decisions that let nothing happen.
 */
export class ActivePolicies {
  readonly decisions = new DecisionLog();
  readonly shadows = new ShadowCounts();
  /** Whether somebody's decision could wait for what takes long, which then happens in another thread. */
  #serving = false;
  readonly #checked = new Recent<readonly Problem[]>();
  readonly #hashes = new Recent<string>();
  readonly #read = new Recent<ReadSet>();
  readonly #ready = new Recent<PolicySet>();

  /** From now on requests come. A thread of its own takes memory, so at start-up there is none. */
  serve(): void {
    this.#serving = true;
  }

  get reader(): Reader {
    return this.#serving ? IN_ANOTHER_THREAD : HERE;
  }

  /** Writes what waits to be written: before the server stops, and wherever it must be seen at once. */
  async flush(deps: PolicyDeps): Promise<void> {
    await this.decisions.flush(deps);
    await this.shadows.flush(deps);
  }

  /** What checking came to. @param key names the files, the catalog's schema, and how much was checked */
  checked(key: string, make: () => Promise<readonly Problem[]>): Promise<readonly Problem[]> {
    return this.#checked.get(key, make);
  }

  /** The whole hash of a stored set: a stored set never changes. */
  hash(version: string, make: () => Promise<string>): Promise<string> {
    return this.#hashes.get(version, make);
  }

  /** A set as it was read, once for all who want it now. @param hash of its files */
  read(hash: string, make: () => Promise<ReadSet>): Promise<ReadSet> {
    return this.#read.get(hash, make);
  }

  /** @param key names the set, and the state of the catalog that it is made with */
  get(key: string, make: () => Promise<PolicySet>): Promise<PolicySet> {
    return this.#ready.get(key, make);
  }
}

/** Who reads and checks policies, which takes long. */
interface Reader {
  read(files: readonly PolicyFile[]): Promise<ReadSet>;
  check(files: readonly PolicyFile[], schema: CedarSchema): Promise<readonly Problem[]>;
  validate(files: readonly PolicyFile[], schema: CedarSchema): Promise<readonly Problem[]>;
}

const IN_ANOTHER_THREAD: Reader = {
  read: readInWorker,
  check: checkInWorker,
  validate: validateInWorker,
};
const HERE: Reader = {
  read: async (files) => readSet(files),
  check: async (files, schema) => checkAgainst(files, schema),
  validate: async (files, schema) => validateAgainst(files, schema),
};

/** Remembers the latest few, and makes each once however many ask for it at the same time. */
class Recent<Made> {
  readonly #made = new Map<string, Promise<Made>>();

  get(key: string, make: () => Promise<Made>): Promise<Made> {
    const made = this.#made.get(key) ?? make();
    this.#made.delete(key);
    this.#made.set(key, made);
    made.catch(() => this.#forget(key, made));
    const [oldest] = this.#made.keys();
    if (this.#made.size > MOST_READY && oldest !== undefined) this.#made.delete(oldest);
    return made;
  }

  #forget(key: string, made: Promise<Made>): void {
    if (this.#made.get(key) === made) this.#made.delete(key);
  }
}

/**
 * Everything that stands in the way of activating these files.
 * @param on the catalog as it would be; as it is now where nothing is said
 */
export async function checkFiles(
  deps: PolicyDeps,
  files: readonly PolicyFile[],
  on?: SchemaAndDigest,
): Promise<readonly Problem[]> {
  const { schema, digest } = on ?? (await cedarSchema(deps));
  const key = `${identify(files).hash} ${digest}`;
  return deps.policies.checked(key, () => deps.policies.reader.check(files, schema));
}

/** What Cedar's strict validator finds in these files on such a catalog; their tests are not run. */
export function validateFiles(
  deps: PolicyDeps,
  files: readonly PolicyFile[],
  { schema, digest }: SchemaAndDigest,
): Promise<readonly Problem[]> {
  const key = `validated ${identify(files).hash} ${digest}`;
  return deps.policies.checked(key, () => deps.policies.reader.validate(files, schema));
}

/**
 * Makes a stored set ready to decide by, with the catalog as it is now. It is read in another thread, once
 * requests come, and built in steps: decisions by other sets go on meanwhile.
 * @throws Error where there is no such set, or it cannot be read any more
 */
export async function readySet(deps: PolicyDeps, version: string): Promise<PolicySet> {
  const hash = await deps.policies.hash(version, async () => (await stored(deps, version)).hash);
  return built(deps, hash, async () => deps.policies.reader.read((await stored(deps, version)).files));
}

/** The same for files, stored or not. @throws Error when one cannot be read */
export const filesReady = (deps: PolicyDeps, files: readonly PolicyFile[]): Promise<PolicySet> =>
  built(deps, identify(files).hash, () => deps.policies.reader.read(files));

async function built(deps: PolicyDeps, hash: string, read: () => Promise<ReadSet>): Promise<PolicySet> {
  const catalog = await catalogVersion(deps);
  return deps.policies.get(`${hash} ${catalog}`, async () => {
    const { schema } = await cedarSchema(deps);
    return buildSetInSteps(await deps.policies.read(hash, read), schema);
  });
}

async function stored({ database }: PolicyDeps, version: string): Promise<StoredSet> {
  const set = await storedSet(database, version);
  if (set === undefined) throw new Error(`the set ${version} is not stored`);
  return set;
}

/** The policies that decide now, in every process: the head row is read each time. */
export async function activeSet(deps: PolicyDeps): Promise<PolicySet | undefined> {
  const active = await head(deps.database);
  return active === undefined ? undefined : readySet(deps, active.version);
}
