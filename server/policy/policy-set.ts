import { createHash } from "node:crypto";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import { type CedarSchema, withSettings } from "../catalog/index.ts";
import { compiledEngine, compiledEngineInSteps } from "./compiled.ts";
import { contentHash } from "./content-hash.ts";
import type { Engine } from "./engine.ts";
import type { Policy, PolicyFile, PolicySet } from "./policy.ts";
import { readPolicies } from "./read-policies.ts";
import { readSettings, type Settings } from "./settings.ts";

/** Files in the order of their names, each with the members that it has and no others. */
export function inOrder(files: readonly PolicyFile[]): PolicyFile[] {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.map(({ name, text, tests, settings }) => ({
    name,
    text,
    ...(tests === undefined ? {} : { tests }),
    ...(settings === undefined ? {} : { settings }),
  }));
}

interface Identity {
  readonly version: string;
  readonly hash: string;
}

/** A set is identified several times on its way to activation, and hashing a large one takes milliseconds. */
const identified = new WeakMap<readonly PolicyFile[], Identity>();

/** What a set is known by: the SHA-256 of its files, tests and settings included, and the version made of it. */
export function identify(files: readonly PolicyFile[]): Identity {
  const known = identified.get(files) ?? identityOf(files);
  identified.set(files, known);
  return known;
}

function identityOf(files: readonly PolicyFile[]): Identity {
  const content = inOrder(files) as unknown as Json;
  const hash = createHash("sha256").update(canonicalBytes(content)).digest("hex");
  return { version: `pv_${hash.slice(0, 16)}`, hash };
}

/** A set as it was read, ready to be compiled: data alone, so that a worker can read it for another thread. */
export interface ReadSet {
  readonly version: string;
  readonly hash: string;
  readonly policies: readonly Policy[];
  readonly settings: Pick<Settings, "types" | "values">;
}

/**
 * Reads files: the slow half of making a set, and the only one that needs Cedar's own parser. They are read,
 * not checked: `checkAgainst` is for that.
 * @throws Error when a file cannot be read, or two policies share an id
 */
export function readSet(files: readonly PolicyFile[]): ReadSet {
  const read = inOrder(files).map(readPolicies);
  const { types, values, problems } = readSettings(inOrder(files));
  const [problem] = [...read.flatMap((one) => one.problems), ...problems];
  if (problem !== undefined) throw new Error(`${problem.file}:${problem.line}: ${problem.message}`);
  const policies = read
    .flatMap((file) => file.policies)
    .map((policy) => ({ ...policy, hash: contentHash(policy, values) }));
  if (new Set(policies.map(({ id }) => id)).size < policies.length)
    throw new Error("two policies have the same @id");
  return { ...identify(files), policies, settings: { types, values } };
}

/** Makes what was read ready to decide by. @param schema of the catalog as it is */
export const buildSet = (read: ReadSet, schema: CedarSchema): PolicySet =>
  setOf(read, schema, compiledEngine(read.policies));

/** `buildSet` that lets other work go on in between, a few milliseconds at a time. */
export const buildSetInSteps = async (read: ReadSet, schema: CedarSchema): Promise<PolicySet> =>
  setOf(read, schema, await compiledEngineInSteps(read.policies));

/** Reads and builds at once: for a few policies, or where nobody waits. @throws Error as `readSet` */
export const policySet = (files: readonly PolicyFile[], schema: CedarSchema): PolicySet =>
  buildSet(readSet(files), schema);

/** The same policies for another catalog: what is compiled does not depend on it. */
export const withSchema = (set: PolicySet, read: ReadSet, schema: CedarSchema): PolicySet =>
  setOf(read, schema, set.engine);

const setOf = (
  { version, hash, policies, settings }: ReadSet,
  schema: CedarSchema,
  engine: Engine,
): PolicySet => ({
  version,
  hash,
  policies: new Map(policies.map((policy) => [policy.id, policy])),
  schema: withSettings(schema, settings.types),
  settings: settings.values,
  engine,
});
