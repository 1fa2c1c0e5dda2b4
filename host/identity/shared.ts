import type { Entry, Upstream } from "../upstream/upstream.ts";
import type { AskUpstream } from "./batch.ts";
import type { IdentityDeps } from "./ports.ts";
import type { TrustBundles } from "./trust-bundles.ts";
import type { Turns } from "./turns.ts";

/** What all processes of a host have in common. */
export interface Shared extends Omit<IdentityDeps, "upstream"> {
  /** Nothing until the control plane has been reached once. */
  entries(): readonly Entry[] | undefined;
  bundles(): TrustBundles | undefined;
  readonly ask: AskUpstream;
  readonly jwtSvid: Upstream["jwtSvid"];
  /** Measuring costs: it is done in turns. */
  readonly turns: Turns;
  /** That what was issued to a process shall die. */
  ended(instance: string): void;
  /** Notes that an identity is this owner's. @returns false where it is another's */
  claim(instance: string, owner: object): boolean;
  release(instance: string, owner: object): void;
}
