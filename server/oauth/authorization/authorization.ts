import type { Grant } from "@countersign/proof/grant";
import { type AgentName, type Id, minutes, type PersonId, seconds } from "../../lib/index.ts";

/** What an interactive client asks a person for, from her first look at it to the last refreshed token. */
export interface Authorization {
  readonly id: Id<"request">;
  /** The only person who may go on with it, in the one session in which she began. */
  readonly person: PersonId;
  readonly session: Id<"session">;
  readonly agent: AgentName;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The client's own; it is given back and never looked at. */
  readonly attackerState?: string;
  /** base64url SHA-256 of the verifier. @see RFC 7636 §4.2 */
  readonly codeChallenge: string;
  /** Thumbprint of the key that the code was asked to be bound to. @see RFC 9449 §10 */
  readonly dpopJkt?: string;
  readonly resource: string;
  /** In the client's words. */
  readonly attackerPurpose?: string;
  /** What she may choose from. */
  readonly offered: readonly Grant[];
  /** Milliseconds since the epoch, like all times here. */
  readonly begun: number;
  /** Until when it can be answered, and once it is, until when anything may follow from it. */
  readonly expires: number;
  readonly task?: Id<"task">;
  readonly edge?: Id<"edge">;
  readonly codeExpires?: number;
  readonly codeUsed?: number;
  /** The copy of the agent that redeemed the code, and its key. */
  readonly instance?: string;
  readonly jkt?: string;
  readonly ended?: number;
}

/** How long a person may look at what is asked. */
export const ANSWER_WITHIN = minutes(15);
/** How long a code is good. @see RFC 6749 §4.1.2, RFC 9700 §4.5 */
export const CODE_LIFETIME = seconds(60);
/** How long a code that was presented rightly may wait for the approval that its first token needs. */
export const LONGEST_PENDING = minutes(30);
