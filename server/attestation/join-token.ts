import { sha256Base64url } from "@countersign/proof/digest";
import { type Id, minutes } from "../lib/index.ts";

/** Time to start a process, in milliseconds. */
export const DEFAULT_LIFETIME = minutes(10);
export const LONGEST_LIFETIME = minutes(60 * 24);

/** Marks a join token wherever it leaks to, so that secret scanners can be taught it. */
const MARK = "cs_join_";

/** The right to enrol one process, or to have one machine join, once. What it says is secret; what is kept of it is a hash. */
export interface JoinToken {
  readonly id: Id<"jointoken">;
  /** Base64url of SHA-256 over the whole token. */
  readonly hash: string;
  readonly kind: "agent" | "service" | "host";
  /** The agent's name, the service's id, or the machine's name. */
  readonly principal: string;
  /** Milliseconds since the epoch; it is over when now reaches it. */
  readonly expires: number;
  /** When it was used up. */
  readonly used?: number;
}

/** The token of a secret. 256 bits of chance need no slow hash. */
export const tokenOf = (secret: string): string => `${MARK}${secret}`;
export const hashOf = (token: string): string => sha256Base64url(token);

export const isUsable = (token: JoinToken, now: number): boolean =>
  token.used === undefined && now < token.expires;
