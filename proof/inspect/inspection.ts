import type { VerificationCode } from "../verification-error.ts";

/** What a signed text is, as its `typ` says, or its claims where it has none. */
export type TokenKind =
  | "access-token"
  | "warrant"
  | "delegation-ticket"
  | "dpop-proof"
  | "client-assertion"
  | "transaction-token"
  | "id-jag"
  | "status-list"
  | "other";

/** Something that is wrong, in words; with the code that a verifier would refuse with, if one would. */
export type Problem = { code?: VerificationCode; problem: string };

/**
 * Whether a signature holds; `unchecked` says why it could not be looked at, with a code where keys were given and
 * a verifier that has just these would refuse it.
 */
export type SignatureFound =
  | { state: "holds"; by: string }
  | { state: "broken"; by: string }
  | { state: "unchecked"; why: string; code?: VerificationCode };

/** Who gives. Names are as the text has them: claims, shown and never believed. */
export type Party = { kind: "person" | "agent" | "service" | "key"; name: string };

/** One signed text, read without being trusted. */
export type InspectedPart = {
  kind: TokenKind;
  alg: string | undefined;
  kid: string | undefined;
  /** Who gives this to whom; missing where it says nothing of the kind. */
  from?: Party;
  to?: Party;
  /** Everything else worth reading, in the order in which one would ask. Values are the text's own words. */
  facts: { label: string; value: string }[];
  /** What it permits, each in one line that nobody's text can break. */
  grants: string[];
  /** What it took away from the part before, each in one such line. Empty for the first. */
  tookAway: string[];
  /** Seconds since 1970. */
  issued?: number;
  begins?: number;
  ends?: number;
  signature: SignatureFound;
  problems: Problem[];
};

/** What was pasted, read part by part. */
export type Inspection = {
  kind: TokenKind;
  /** One, or the links of a chain, root first. */
  parts: InspectedPart[];
  /** What is wrong with the whole. */
  problems: Problem[];
  /** What could not be told here, and who could. */
  notTold: string[];
};
