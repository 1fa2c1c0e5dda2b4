import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, system } from "../lib/index.ts";
import { createKey } from "./create.ts";
import { removeFile } from "./durable-file.ts";
import { keysDestroyed, keysRotated } from "./events.ts";
import { endOf, isWithdrawable, PURPOSES, type Purpose, RHYTHMS } from "./key.ts";
import { nameOfKeyFile } from "./key-file.ts";
import type { KeySummary } from "./key-ring.ts";
import { type RotationDeps, recordKeys } from "./record.ts";
import { insertKnownKey, type KnownKey, knownKeys, markDestroyed } from "./store.ts";

export interface Rotation {
  readonly purpose: Purpose;
  /**
   * The keys of this purpose may be in other hands: the new one signs now, and those before it are dead now,
   * with everything that they signed.
   */
  readonly emergency?: boolean | undefined;
}

/**
 * Makes the next key of a purpose. It is published at once and used after its lead time; then the one
 * before retires, still verifies for as long as anything signed with it can live, and is destroyed
 * (`keepKeysFresh`). In an emergency it is used at once, and those before it are withdrawn.
 * @returns the new key's id and the moment (ms) from which it is used
 * @throws Fault `conflict` while a next key waits already, `invalid` where a purpose knows no emergency,
 *   `unavailable` when the folder cannot be written
 */
export async function rotateKeys(
  deps: RotationDeps,
  caller: Caller,
  { purpose, emergency = false }: Rotation,
): Promise<{ kid: string; activates: number }> {
  if (emergency) await recordKeys(deps, caller);
  let made: KeySummary | undefined;
  const next = await perform(deps, caller, "keys.rotate", async (change) => {
    if (emergency && !isWithdrawable(purpose)) throw noEmergency(purpose);
    // When the change must be tried again, the key is there already.
    made ??= await makeNext(deps, purpose, emergency);
    if ((await findKnown(deps, made)) === undefined) insertKnownKey(change, made, deps.clock.now());
    append(change, keysRotated(deps, caller, {}, rotatedBody(deps, made, emergency)));
    for (const key of withdrawnOf(deps, purpose)) await tellDestroyed(deps, change, caller, key);
    return { kid: made.kid, activates: made.activates };
  });
  for (const key of withdrawnOf(deps, purpose)) await removeKeyFile(deps, key);
  return next;
}

const rotatedBody = (
  { keys, trustDomain }: RotationDeps,
  { kid, purpose }: KeySummary,
  emergency: boolean,
) => ({
  kid,
  purpose,
  ...(emergency ? { emergency: true as const } : {}),
  ...(purpose === "log" ? { vkey: keys.logVkey(`${trustDomain}/log`, kid) } : {}),
});

async function makeNext(deps: RotationDeps, purpose: Purpose, emergency: boolean): Promise<KeySummary> {
  deps.keys.refresh();
  if (!emergency && nextWaits(deps, purpose)) throw waitsAlready(purpose);
  const generation = 1 + Math.max(0, ...ofPurpose(deps, purpose).map((key) => key.generation));
  const activates = emergency ? deps.clock.now() : inGoodTime(deps, purpose);
  const planned = { purpose, generation, activates, ...(emergency ? { emergency: true as const } : {}) };
  const made = await createKey(deps, deps.keys, planned);
  deps.keys.refresh();
  const next = ofPurpose(deps, purpose).find((key) => key.generation === generation);
  // Whatever key another server has just made, it may be in the same hands as those before.
  if (!made && emergency) return makeNext(deps, purpose, emergency);
  // Another server has just made the one of this generation: it is the next key, and not of our making.
  if (!made || next === undefined) throw waitsAlready(purpose);
  return next;
}

/** After its lead; sooner where the one before ends, because nobody was there to make the next in time. */
function inGoodTime(deps: RotationDeps, purpose: Purpose): number {
  const { lead, kept } = RHYTHMS[purpose];
  const now = deps.clock.now();
  const end = Math.max(now, ...ofPurpose(deps, purpose).map(endOf));
  return end === Number.POSITIVE_INFINITY ? now + lead : Math.max(now, Math.min(now + lead, end - kept));
}

const withdrawnOf = (deps: RotationDeps, purpose: Purpose): KeySummary[] =>
  ofPurpose(deps, purpose).filter(({ withdrawn }) => withdrawn);

const ofPurpose = ({ keys }: RotationDeps, purpose: Purpose): KeySummary[] =>
  keys.summary().filter((key) => key.purpose === purpose);

const nextWaits = (deps: RotationDeps, purpose: Purpose): boolean =>
  ofPurpose(deps, purpose).some(({ state }) => state === "prepared");

const waitsAlready = (purpose: Purpose): Fault =>
  new Fault("conflict", `The next ${purpose} key is prepared already.`, {
    remedy: "Wait until it is in use. If a key may be in other hands, rotate in an emergency.",
  });

const noEmergency = (purpose: Purpose): Fault =>
  purpose === "log"
    ? new Fault(
        "invalid",
        "The log's key is pinned by whoever verifies the log; no server can withdraw it.",
        {
          remedy: "Rotate it without emergency, and give everybody who has pinned the old key the new one.",
        },
      )
    : new Fault("invalid", `What rests under the ${purpose} key would be lost with it.`, {
        remedy: "Rotate it without emergency: new things are sealed under the new key.",
      });

/**
 * What keys need without anybody asking: sees what other servers made, tells the log of it, makes the next
 * key in good time, destroys dead ones. main calls it at its start and every hour.
 */
export async function keepKeysFresh(deps: RotationDeps): Promise<void> {
  await recordKeys(deps, system);
  await removeDestroyed(deps);
  for (const purpose of PURPOSES) if (isDue(deps, purpose)) await rotateUnlessDone(deps, purpose);
  for (const key of deps.keys.summary()) if (key.state === "dead") await destroyKey(deps, key);
}

/**
 * A key that the log knows as destroyed and that is there again, out of an old backup, is not used again: it
 * may have been withdrawn. Where the backup held nothing newer, a new key takes its place.
 */
async function removeDestroyed(deps: RotationDeps): Promise<void> {
  const destroyed = new Set((await knownKeys(deps.database)).flatMap(gone));
  const back = deps.keys.summary().filter(({ kid }) => destroyed.has(kid));
  for (const key of back) await removeKeyFile(deps, key);
  for (const purpose of new Set(back.map((key) => key.purpose))) {
    if (ofPurpose(deps, purpose).length > 0) continue;
    await createKey(deps, deps.keys, { purpose, generation: 1, activates: deps.clock.now() });
    await recordKeys(deps, system);
  }
}

const gone = ({ kid, destroyed }: KnownKey): string[] => (destroyed === null ? [] : [kid]);

/** Whether the newest key of the purpose is so old that the next one's lead must begin. */
function isDue(deps: RotationDeps, purpose: Purpose): boolean {
  const { period, lead } = RHYTHMS[purpose];
  const newest = Math.max(...ofPurpose(deps, purpose).map((key) => key.activates));
  // What nobody has needed yet has no keys, and no next one.
  return period !== undefined && Number.isFinite(newest) && deps.clock.now() >= newest + period - lead;
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
  await perform(deps, system, "keys.destroy", (change) => tellDestroyed(deps, change, system, key));
  await removeKeyFile(deps, key);
}

/** Once, whoever does it. What a withdrawn key signed dies in the same change, wherever it is. */
async function tellDestroyed(
  deps: RotationDeps,
  change: Change,
  caller: Caller,
  key: KeySummary,
): Promise<void> {
  const known = await findKnown(deps, key);
  if (known === undefined || known.destroyed !== null) return;
  const { kid, purpose, withdrawn } = key;
  await deps.unpublish(change, caller, key);
  markDestroyed(change, key, deps.clock.now());
  append(change, keysDestroyed(deps, caller, {}, { kid, purpose, ...(withdrawn ? { withdrawn } : {}) }));
  if (withdrawn) deps.withdraw(change, caller, kid);
}

/**
 * The file says by what a key is found in its module. A dead one signs and verifies nothing, so its file stays until
 * the module has let the key go, and each `keepKeysFresh` tries again; one that could be used goes in any case.
 */
async function removeKeyFile(deps: RotationDeps, key: KeySummary): Promise<void> {
  const { keys } = deps;
  const released = await letGo(deps, key);
  if (!released && key.state === "dead") return;
  await removeFile(keys.folder, nameOfKeyFile(key));
  keys.refresh();
}

async function letGo({ keys, log }: RotationDeps, { kid }: KeySummary): Promise<boolean> {
  try {
    await keys.letGo(kid);
    return true;
  } catch (error) {
    log.error({ kid, error: (error as Error).message }, "a key could not be removed from its module");
    return false;
  }
}
