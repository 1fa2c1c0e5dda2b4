import type { Selector } from "@countersign/host";
import type { Json } from "@countersign/proof/jcs";

/** What a machine's evidence must have been made for. */
export interface ExpectedMachine {
  /** RFC 7638 thumbprint of the key that the machine will hold: bound into the evidence where the platform lets it. */
  readonly jkt: string;
  /** What was handed out for this attempt. */
  readonly nonce?: string;
  /** When that was handed out, milliseconds since the epoch. */
  readonly challenged?: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A machine that its surroundings vouch for. */
export interface JudgedMachine {
  /** One segment for `spiffe://<trust domain>/host/…`, the same for the same machine. */
  readonly host: string;
  /** Sorted, each once. */
  readonly selectors: readonly Selector[];
  /** What may attest once only: whoever comes second with it is another, or a thief. */
  readonly once?: string;
  /** What was shown, as far as it says anything, for the record. */
  readonly evidence: Json;
}

export const sortedSelectors = (found: readonly (Selector | undefined)[]): Selector[] =>
  [...new Set(found.filter((selector) => selector !== undefined))].sort();
