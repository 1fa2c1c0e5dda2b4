import { append, type PerformDeps, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { keysCreated } from "./events.ts";
import { type Purpose, RHYTHMS } from "./key.ts";
import type { KeyRing, KeySummary } from "./key-ring.ts";
import { insertKnownKey, type KnownKey, knownKeys } from "./store.ts";

/** What the verbs of this room and of later ones are handed. */
export interface KeysDeps extends PerformDeps {
  readonly keys: KeyRing;
  /** The SPIFFE trust domain, such as `example.org`. */
  readonly trustDomain: string;
  /** The issuer identifier of tokens: an https URL, or http on localhost. */
  readonly issuer: string;
}

/** What is needed to look after the folder and to tell the log of it. */
export interface FolderDeps extends PerformDeps, Pick<KeysDeps, "keys"> {}

/** What the verbs of this room are handed. */
export interface RotationDeps extends FolderDeps, Pick<KeysDeps, "trustDomain"> {
  /**
   * Says, in the same change, that everything a key signed is dead: main hands in the room of revocations,
   * which stands above this one.
   */
  readonly withdraw: (change: Change, caller: Caller, kid: string) => void;
  /** Takes a key, in the change that destroys it, out of what is published of it: likewise main's to hand in. */
  readonly unpublish: (change: Change, caller: Caller, key: KeySummary) => Promise<void>;
}

/**
 * Tells the log of each key in the folder that it does not know, once, whoever made the key and however
 * the program ended since; so a key that was slipped into the folder shows.
 * @throws Fault `unavailable` when keys are gone that this database cannot be read or proven without
 */
export function recordKeys(deps: FolderDeps, caller: Caller): Promise<void> {
  return perform(deps, caller, "keys.record", async (change) => {
    // The log first, the folder after: a key is in the folder before the log knows of it.
    const known = await knownKeys(deps.database);
    deps.keys.refresh();
    const present = deps.keys.summary();
    refuseForeignFolder(deps.keys.folder, known, new Set(present.map(({ kid }) => kid)));
    const told = new Set(known.map(({ kid }) => kid));
    for (const key of present.filter(({ kid }) => !told.has(kid))) {
      insertKnownKey(change, key, deps.clock.now());
      append(change, keysCreated(deps, caller, {}, { kid: key.kid, purpose: key.purpose }));
    }
  });
}

/** Keys that are kept for ever must all be there: another folder, or a new one, would open and prove nothing. */
function refuseForeignFolder(folder: string, known: readonly KnownKey[], present: Set<string>): void {
  const kept = known.filter(({ purpose }) => RHYTHMS[purpose as Purpose].kept === Number.POSITIVE_INFINITY);
  if (kept.every(({ kid }) => present.has(kid))) return;
  throw new Fault("unavailable", `The key folder ${folder} lacks keys that this database was written with.`, {
    remedy: "Name the folder that belongs to this database, or restore it from a backup.",
  });
}
