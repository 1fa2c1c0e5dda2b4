import { canonicalize, type Json } from "@countersign/proof/jcs";
import type { EntryList } from "../upstream/upstream.ts";
import { backoff } from "./backoff.ts";
import type { IdentityDeps } from "./ports.ts";
import { Timers } from "./timers.ts";
import { readBundles, type TrustBundles } from "./trust-bundles.ts";

/** How often to look, at the latest, for what nobody told of, in milliseconds. */
const LOOK = 60_000;

/** What the control plane says for all processes of this host, as it was last heard. */
export interface ControlPlane {
  entries(): EntryList["entries"] | undefined;
  bundles(): TrustBundles | undefined;
  /** Looks now. Never throws: it looks again by itself. */
  refresh(): Promise<void>;
  close(): void;
}

/** Follows it: at every change that it tells of, at intervals, and, while it is away, again and again. */
export function followControlPlane(
  { upstream, clock, random, log }: IdentityDeps,
  changed: { entries(): void; bundles(): void },
): ControlPlane {
  const timers = new Timers<"look">(clock);
  let list: EntryList | undefined;
  let bundles: { text: string; read: TrustBundles } | undefined;
  let looking: Promise<void> | undefined;
  let [again, closed, failures] = [false, false, 0];

  async function look(): Promise<void> {
    const [newList, newBundles] = await Promise.all([upstream.entries(), upstream.bundles()]);
    if (closed) return;
    const text = canonicalize(newBundles as Json);
    const sameBundles = bundles?.text === text;
    const sameEntries = list?.revision === newList.revision;
    const untold = (trustDomain: string): void => log("warn", "a bundle cannot be read", { trustDomain });
    if (!sameBundles) bundles = { text, read: readBundles(newBundles, untold) };
    list = newList;
    if (!sameBundles) changed.bundles();
    if (!sameEntries) changed.entries();
  }

  async function lookUntilSeen(): Promise<void> {
    do {
      again = false;
      try {
        await look();
        failures = 0;
      } catch (cause) {
        failures += 1;
        log("warn", "the control plane cannot be asked", { failures, why: String(cause) });
      }
    } while (again && !closed);
    if (closed) return;
    const pause = failures === 0 ? LOOK * (0.5 + random() / 2) : backoff(failures, random());
    timers.set("look", pause, () => void refresh());
  }

  function refresh(): Promise<void> {
    again = true;
    looking ??= lookUntilSeen().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  const stop = upstream.onChange(() => void refresh());
  return {
    entries: () => list?.entries,
    bundles: () => bundles?.read,
    refresh,
    close() {
      closed = true;
      stop();
      timers.clear();
    },
  };
}
