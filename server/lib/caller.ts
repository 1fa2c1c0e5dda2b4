import type { Id } from "./ids.ts";

/** Agents are known by their names: `[a-z0-9-]`. */
export type AgentName = string;
export type PersonId = Id<"person">;
export type ServiceId = Id<"service">;
export type PrincipalId = PersonId | ServiceId | AgentName;

/** How well a credential proves its holder, strongest first (DESIGN.md section 1). */
export const STRENGTHS = [
  "hardware-bound",
  "attested-svid",
  "platform-federated",
  "enrolled-key",
  "in-process",
  "bearer",
  "static-key",
] as const;
export type Strength = (typeof STRENGTHS)[number];

/**
 * What a person may do in Countersign itself. Changing what is decided needs `policy-publisher`, whoever else
 * one is.
 */
export const ROLES = ["administrator", "auditor", "policy-publisher"] as const;
export type Role = (typeof ROLES)[number];

/** Who asks, as authenticated. Verbs take it as their second argument. */
export interface Caller {
  readonly principal: PrincipalId | "nobody" | "system";
  readonly kind: "person" | "agent" | "service" | "host" | "nobody" | "system";
  readonly strength: Strength;
  /** How the caller came in: "session", "access-token", "client-assertion", "join-token", "link", "none". */
  readonly via: string;
  readonly roles: readonly Role[];
  /** The running copy, for agents and services. */
  readonly instance?: string;
  /** RFC 7638 thumbprint of the key that the caller proved to hold. */
  readonly keyThumbprint?: string;
  /** What kills whatever it lets exist, besides its copy: whose word its credential rests on, and by which key. */
  readonly rests?: readonly string[];
  /** What ends its credential, for an answer that goes on: dead keys, and when it ends by itself. */
  readonly credential?: Credential;
  /** The session, for people. */
  readonly session?: Id<"session">;
  /** Network address, for counting unauthenticated refusals. */
  readonly source?: string;
}

export interface Credential {
  readonly keys: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export const nobody = (source: string): Caller => ({
  principal: "nobody",
  kind: "nobody",
  strength: "bearer",
  via: "none",
  roles: [],
  source,
});

/** The server itself: sequencing, expiry, start-up. */
export const system: Caller = {
  principal: "system",
  kind: "system",
  strength: "in-process",
  via: "none",
  roles: [],
};
