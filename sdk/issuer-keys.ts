import { createKeySet, type KeySet } from "@countersign/proof/jwk";
import { VerificationError } from "@countersign/proof/verification-error";
import { ask } from "./ask.ts";
import type { Issuer } from "./issuer.ts";
import type { Runtime } from "./runtime.ts";

/** The issuer's published keys, kept up to date. */
export interface IssuerKeys {
  /**
   * Runs a verification with the keys as they are known. Where it meets a key that is not known the set is
   * fetched anew and it runs once more.
   *
   * @throws whatever `verify` throws; Unreachable when keys are needed and cannot be had
   */
  verifyWith<T>(verify: (keys: KeySet) => T): Promise<T>;
  /**
   * Hears what has died. A key that was withdrawn (`kid:…`) verifies nothing here from this moment, whoever
   * still publishes it, and the set is fetched anew for the one that took its place.
   */
  hear(deadKey: string): void;
}

/** Between two fetches for a key that nobody knows: strangers can invent `kid`s as fast as they like. */
const floorMilliseconds = 10_000;
/** A key that was withdrawn is forgotten after this time at the latest. */
const longestKept = 300_000;

export function followIssuerKeys(runtime: Runtime, issuer: Pick<Issuer, "jwksUri">): IssuerKeys {
  let known: { keys: KeySet; at: number } | undefined;
  let fetching: Promise<KeySet> | undefined;
  const withdrawn = new Set<string>();
  /** A key was withdrawn since the last fetch began: what is known lacks the one that took its place. */
  let outdated = false;

  const fetchKeys = async (): Promise<KeySet> => {
    const at = runtime.elapsed();
    outdated = false;
    const published = createKeySet(await ask(runtime, { method: "GET", url: issuer.jwksUri }));
    // After the answer has come: what died meanwhile is left out too.
    const keys = new Map([...published].filter(([kid]) => !withdrawn.has(kid)));
    known = { keys, at };
    return keys;
  };
  // Many requests that arrive together share one fetch.
  const refresh = (): Promise<KeySet> => {
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };
  const current = async (): Promise<KeySet> =>
    known === undefined || runtime.elapsed() - known.at > longestKept ? refresh() : known.keys;

  return {
    hear(deadKey) {
      const [, kid] = /^kid:(.+)$/.exec(deadKey) ?? [];
      if (kid === undefined) return;
      withdrawn.add(kid);
      outdated = true;
      if (known?.keys.has(kid)) known = undefined;
    },
    async verifyWith(verify) {
      const keys = await current();
      try {
        return verify(keys);
      } catch (cause) {
        const mayAsk = known === undefined || outdated || runtime.elapsed() - known.at >= floorMilliseconds;
        if (!isUnknownKey(cause) || !mayAsk) throw cause;
        return verify(await refresh());
      }
    },
  };
}

const isUnknownKey = (cause: unknown): boolean =>
  cause instanceof VerificationError && cause.code === "unknown-key";
