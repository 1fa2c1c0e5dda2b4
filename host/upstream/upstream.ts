import type { Json } from "@countersign/proof/jcs";
import type { MeasuredFile, MeasuredModel, Wanted } from "../process/attested.ts";
import type { Selector } from "../selector/selector.ts";

/** Whom a process with these selectors on this host is, as its agent was declared. */
export interface Entry extends Wanted {
  readonly id: string;
  readonly kind: "agent" | "service";
  /** The agent's name, or the service's id. */
  readonly principal: string;
  /** All of them must be attested. */
  readonly selectors: readonly Selector[];
  /** Of X.509-SVIDs, in seconds. */
  readonly ttl: number;
  readonly hint?: string;
}

export interface EntryList {
  /** Changes whenever the list does. */
  readonly revision: string;
  readonly entries: readonly Entry[];
}

/** What a host asks for one process, at first and at every renewal. */
export interface AttestRequest {
  readonly entry: string;
  /** The SPIFFE ID that it has, when it renews. */
  readonly instance?: string;
  /** The public key that the SVID shall be for: SPKI, base64 of its DER. P-256. */
  readonly spki: string;
  /** Base64url of an ES256 signature with that key over the request without this member, as canonical JSON. */
  readonly proof: string;
  readonly process: { readonly pid: number; readonly started: string };
  readonly selectors: readonly Selector[];
  readonly files: readonly MeasuredFile[];
  readonly model?: MeasuredModel;
}

export interface Refused {
  readonly code: string;
  readonly reason: string;
  readonly remedy?: string;
}

export type AttestAnswer =
  | { readonly instance: string; readonly chain: readonly string[]; readonly expires: number }
  | { readonly refused: Refused };

/** A trust domain's bundle, as the JWKS that SPIFFE writes. */
export type Bundles = Readonly<Record<string, Json>>;

/**
 * The control plane as a host sees it. Every method may throw `UpstreamAway` when it cannot be reached, which
 * is no refusal: what is held stays good until it expires.
 */
export interface Upstream {
  entries(): Promise<EntryList>;
  /** At most 100 at a time; answers in the same order, each by itself accepted or refused. */
  attest(requests: readonly AttestRequest[]): Promise<readonly AttestAnswer[]>;
  /** @param audience of the JWT-SVID, one or more */
  jwtSvid(
    instance: string,
    audience: readonly string[],
  ): Promise<{ readonly svid: string; readonly expires: number } | { readonly refused: Refused }>;
  /** Tells which processes have exited, so that what was issued to them dies now. */
  ended(instances: readonly string[]): Promise<void>;
  /** Our own trust domain's bundle first, then those that it federates with. */
  bundles(): Promise<Bundles>;
  /** Calls back whenever entries, bundles or instances of this host may have changed; returns how to stop. */
  onChange(changed: () => void): () => void;
  /** Calls back with running copies that have ended although their SVIDs live yet; returns how to stop. */
  onEnded?(ended: (instances: readonly string[]) => void): () => void;
}

export class UpstreamAway extends Error {
  override readonly name = "UpstreamAway";
}
