import type { KeyObject } from "node:crypto";
import type { TrustBundles } from "./trust-bundles.ts";

/** An identity that a process may use now. */
export interface Svid {
  /** Its SPIFFE ID: this process's and nobody else's. */
  readonly id: string;
  /** DER, the leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly key: KeyObject;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly hint?: string;
}

/** How it stands with a process. */
export type Standing =
  | { readonly kind: "served"; readonly svids: readonly Svid[]; readonly bundles: TrustBundles }
  /** Nobody here: why, for the log and in short for the process itself. */
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  /** The control plane is away, and nothing is at hand: it may be otherwise in a moment. */
  | { readonly kind: "away" };

export interface JwtSvid {
  readonly id: string;
  readonly svid: string;
  readonly expires: number;
  readonly hint?: string;
}

export type JwtStanding =
  | { readonly kind: "served"; readonly svids: readonly JwtSvid[] }
  | Exclude<Standing, { kind: "served" }>;
