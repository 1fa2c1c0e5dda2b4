import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, system } from "../lib/index.ts";
import { createKey } from "./create.ts";
import { removeFile } from "./durable-file.ts";
import { keysDestroyed, keysRotated } from "./events.ts";
import { PURPOSES, type Purpose, RHYTHMS } from "./key.ts";
import { nameOfKeyFile } from "./key-file.ts";
import type { KeySummary } from "./key-ring.ts";
import { type RotationDeps, recordKeys } from "./record.ts";
import { insertKnownKey, type KnownKey, knownKeys, markDestroyed } from "./store.ts";

export interface Rotation {
  readonly purpose: Purpose;
  /** Uses the new key at once instead of after the lead time: when the old one may have been stolen. */
  readonly now?: boolean;
}

/**
 * Makes the next key of a purpose. It is published at once and used after its lead time; then the one
 * before retires, still verifies for as long as anything signed with it can live, and is destroyed
 * (`keepKeysFresh`).
 * @returns the new key's id and the moment (ms) from which it is used
 * @throws Fault `conflict` while a next key waits already, `unavailable` when the folder cannot be written
 */
export async function rotateKeys(
  deps: RotationDeps,
  caller: Caller,
  { purpose, now = false }: Rotation,
): Promise<{ kid: string; activates: number }> {
  let made: KeySummary | undefined;
  return perform(deps, caller, "keys.rotate", async (change) => {
    // When the change must be tried again, the key is there already.
    made ??= await makeNext(deps, purpose, now);
    if ((await findKnown(deps, made)) === undefined) insertKnownKey(change, made, deps.clock.now());
    append(change, keysRotated(deps, caller, {}, { kid: made.kid, purpose }));
    return { kid: made.kid, activates: made.activates };
  });
}

async function makeNext(deps: RotationDeps, purpose: Purpose, now: boolean): Promise<KeySummary> {
  deps.keys.refresh();
  if (!now && nextWaits(deps, purpose)) throw waitsAlready(purpose);
  const generation = 1 + Math.max(0, ...ofPurpose(deps, purpose).map((key) => key.generation));
  const activates = deps.clock.now() + (now ? 0 : RHYTHMS[purpose].lead);
  const made = await createKey(deps, deps.keys.folder, { purpose, generation, activates });
  deps.keys.refresh();
  const next = ofPurpose(deps, purpose).find((key) => key.generation === generation);
  // Another server has just made the one of this generation: it is the next key, and not of our making.
  if (!made || next === undefined) throw waitsAlready(purpose);
  return next;
}

const ofPurpose = ({ keys }: RotationDeps, purpose: Purpose): KeySummary[] =>
  keys.summary().filter((key) => key.purpose === purpose);

const nextWaits = (deps: RotationDeps, purpose: Purpose): boolean =>
  ofPurpose(deps, purpose).some(({ state }) => state === "prepared");

const waitsAlready = (purpose: Purpose): Fault =>
  new Fault("conflict", `The next ${purpose} key is prepared already.`, {
    remedy: "Wait until it is in use, or ask for a new one to be used now.",
  });

/**
 * What keys need without anybody asking: sees what other servers made, tells the log of it, makes the next
 * key in good time, destroys dead ones. main calls it at its start and every hour.
 */
export async function keepKeysFresh(deps: RotationDeps): Promise<void> {
  await recordKeys(deps, system);
  for (const purpose of PURPOSES) if (isDue(deps, purpose)) await rotateUnlessDone(deps, purpose);
  for (const key of deps.keys.summary()) if (key.state === "dead") await destroyKey(deps, key);
}

/** Whether the newest key of the purpose is so old that the next one's lead must begin. */
function isDue(deps: RotationDeps, purpose: Purpose): boolean {
  const { period, lead } = RHYTHMS[purpose];
  const newest = Math.max(...ofPurpose(deps, purpose).map((key) => key.activates));
  return period !== undefined && deps.clock.now() >= newest + period - lead;
}

/** Another server that was quicker has done the same. */
async function rotateUnlessDone(deps: RotationDeps, purpose: Purpose): Promise<void> {
  try {
    await rotateKeys(deps, system, { purpose });
  } catch (error) {
    if (!(error instanceof Fault && error.code === "conflict")) throw error;
  }
}

/** Another server may have seen the key in the folder and told the log of it already. */
const findKnown = async ({ database }: RotationDeps, key: KeySummary): Promise<KnownKey | undefined> =>
  (await knownKeys(database)).find(({ kid }) => kid === key.kid);

async function destroyKey(deps: RotationDeps, key: KeySummary): Promise<void> {
  await perform(deps, system, "keys.destroy", async (change) => {
    const known = await findKnown(deps, key);
    if (known === undefined || known.destroyed !== null) return;
    markDestroyed(change, key, deps.clock.now());
    append(change, keysDestroyed(deps, system, {}, { kid: key.kid, purpose: key.purpose }));
  });
  await removeFile(deps.keys.folder, nameOfKeyFile(key));
  deps.keys.refresh();
}
