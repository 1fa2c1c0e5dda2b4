import { Change, type DatabaseDeps } from "../database/index.ts";
import { type Code, Fault } from "../lib/index.ts";
import { forgetPlaces } from "./status-place.ts";
import { deleteStale, insertSpentProof, isSpent } from "./store.ts";
import { deleteStaleAssertions } from "./store-assertions.ts";

/** Something signed that counts once: a client assertion, a DPoP proof, a JWT-SVID of ours. */
export interface OneTimeProof {
  /** Names the proof among all that may ever come. */
  readonly key: string;
  /** Milliseconds since the epoch; from then on it is stale by itself. */
  readonly expires: number;
  /** What its second use is refused as. */
  readonly refusal: Code;
  /** What whoever sent it is told besides. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/**
 * Uses up whatever proofs there are (who proved itself by its connection has none), in the change that they are for,
 * and in the record of its refusal as well. Of any number of changes with the same proof, one commits.
 * @throws Fault with the proof's own code when it was used before
 */
export async function burnProof(
  deps: DatabaseDeps,
  change: Change,
  ...proofs: readonly (OneTimeProof | undefined)[]
): Promise<void> {
  for (const proof of proofs) {
    if (proof === undefined) continue;
    await refuseSpent(deps, proof);
    insertSpentProof(change, proof);
  }
}

/**
 * Refuses a proof that was used before, where something is done on the strength of it before it is burnt.
 * @throws Fault with the proof's own code
 */
export async function refuseSpent(
  { database }: DatabaseDeps,
  proof: OneTimeProof | undefined,
): Promise<void> {
  if (proof === undefined || !(await isSpent(database, proof.key))) return;
  throw new Fault(proof.refusal, "A proof that counts once was used before.", {
    remedy: "Sign a new one for each request.",
    ...(proof.members === undefined ? {} : { members: proof.members }),
  });
}

/** Forgets what has become stale by itself: housekeeping, to be run every few minutes. */
export async function forgetStaleProofs(deps: DatabaseDeps): Promise<void> {
  const change = new Change(deps.database);
  deleteStale(change, deps.clock.now());
  deleteStaleAssertions(change, deps.clock.now());
  forgetPlaces(deps, change);
  await deps.database.commit(change);
}
