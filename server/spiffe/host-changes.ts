import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import {
  entriesForHost,
  HOSTS_CHANNEL,
  type Host,
  liveProcessesOn,
  livingHost,
} from "../attestation/index.ts";
import type { Caller } from "../lib/index.ts";
import { blockableOf, STANDING_CHANNEL } from "../registry/index.ts";
import { blockedNow, deadAmong, REVOCATION_CHANNEL } from "../revocation/index.ts";
import { bundlesForHosts } from "./own-bundle.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { BUNDLES_CHANNEL } from "./store.ts";

/** What a machine should look at again when the revision is another one. */
export interface HostState {
  readonly revision: string;
  /** SPIFFE IDs of its running copies that have ended, or are blocked, although their SVIDs live yet. */
  readonly ended: readonly string[];
}

/** Whatever changes the state of a machine announces one of these. */
const CHANNELS = [HOSTS_CHANNEL, STANDING_CHANNEL, BUNDLES_CHANNEL, REVOCATION_CHANNEL];
/** How long one question waits for something to change, in milliseconds. */
const LONGEST_WAIT = 25_000;
/** What changes together is looked at once, in milliseconds. */
const GATHERING = 200;

/** @throws Fault `forbidden` for a machine that has ended */
export async function hostState(deps: SpiffeDeps, caller: Caller): Promise<HostState> {
  const host = await livingHost(deps, caller);
  const [{ revision: entries }, ended, bundles] = await Promise.all([
    entriesForHost(deps, host),
    endedOn(deps, host),
    bundlesForHosts(deps),
  ]);
  const all = { entries, ended, bundles } as unknown as Json;
  return { revision: sha256Base64url(canonicalize(all)), ended };
}

/** Asked for many at once: a machine runs hundreds of processes. */
async function endedOn(deps: SpiffeDeps, host: Host): Promise<string[]> {
  const instances = await liveProcessesOn(deps, host);
  const dead = await deadAmong(
    deps,
    instances.map((instance) => `instance:${instance}`),
  );
  const ended = dead.map((key) => key.slice("instance:".length));
  return [...new Set([...ended, ...(await blockedAmong(deps, instances))])].sort();
}

/** Those whose class, image, model or configuration is blocked. Mostly nothing is. */
async function blockedAmong(deps: SpiffeDeps, instances: readonly string[]): Promise<string[]> {
  const blocked = new Set(await blockedNow(deps));
  if (blocked.size === 0) return [];
  const blockable = await blockableOf(deps, instances);
  return instances.filter((instance) => blockable.get(instance)?.some((kind) => blocked.has(kind)));
}

/**
 * Waits until the state of a machine is another one than it has seen, and not for long.
 * @param seen the revision that it knows, if any
 * @throws Fault `forbidden` as soon as the machine has ended
 */
export async function nextHostState(
  deps: SpiffeDeps,
  caller: Caller,
  seen: string | undefined,
  longest = LONGEST_WAIT,
): Promise<HostState> {
  const deadline = performance.now() + longest;
  const heard = listening(deps);
  try {
    for (;;) {
      const state = await hostState(deps, caller);
      const left = deadline - performance.now();
      if (state.revision !== seen || left <= 0) return state;
      await heard.next(left);
    }
  } finally {
    heard.stop();
  }
}

/** Remembers what it hears while nobody waits. */
function listening({ database }: SpiffeDeps) {
  let pending = false;
  let wake = (): void => {};
  const hear = (): void => {
    pending = true;
    wake();
  };
  const stops = CHANNELS.map((channel) => database.listen(channel, hear));
  return {
    async next(longest: number): Promise<void> {
      if (!pending) await within(longest, (resolve) => (wake = resolve));
      if (pending) await within(GATHERING, () => {});
      pending = false;
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

function within(longest: number, begin: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longest);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
