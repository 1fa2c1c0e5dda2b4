import type { Grant } from "@countersign/proof/grant";
import type { WarrantReference } from "@countersign/proof/token";
import type { Releasable } from "../catalog/index.ts";
import type { LivingChain } from "../delegation/index.ts";
import type { Allow } from "../lib/index.ts";
import type { StandingEpoch } from "./standing-epoch.ts";

/** A grant with the decision that lets it be used. There is none without one. */
export interface Granted {
  readonly grant: Grant;
  readonly allow: Allow<"call">;
  /** Whether policy asks what was called before, so that each call is decided when it is made. */
  readonly perCall?: true;
}

/** What a client may have, decided and not yet issued. */
export interface Mandate {
  /** The one resource that the token is for. */
  readonly audience: string;
  /** What the audience may be told of whoever calls it. */
  readonly release: readonly Releasable[];
  readonly granted: readonly Granted[];
  /** By whose authority; none when the client acts on its own. */
  readonly chain?: LivingChain;
  /** Where an agent is given something on its own authority: what all of that at this resource ends with. */
  readonly standing?: StandingEpoch;
  /** How long the token may live at most, in milliseconds. */
  readonly lifetime: number;
  /** The warrant that was exchanged for it: its links, what kills them, and when the first of them ends. */
  readonly warrant?: {
    readonly reference: WarrantReference;
    readonly rev: readonly string[];
    /** Milliseconds since the epoch. */
    readonly expires: number;
  };
  /** What the answer says that it is (RFC 8693 §2.2.1). */
  readonly issuedTokenType?: string;
}
