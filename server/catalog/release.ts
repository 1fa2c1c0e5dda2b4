import { z } from "zod";

/**
 * What a resource may be told of whoever calls it, beyond what it needs to verify a token: each a claim of its
 * tokens and a member of what it is answered about them. What it always gets: whom the token is for and by which
 * client and agent, the one who acts, grants, strength, binding, what kills the token, and how a person signed in.
 */
export const RELEASABLE = [
  "task",
  "purpose",
  "agent_class",
  "agent_version",
  "environment",
  "region",
  "instance",
  "model",
  "image_digest",
  "model_digest",
  "evidence",
  "policy_version",
  "decision",
  "approval",
  "chain",
  "chain_hash",
  "act",
] as const;

/** What stands in no token, and is told only where a server's record names it. */
const ON_DEMAND = ["owner"] as const;

/** All that a server's record can name. */
export const NAMEABLE = [...RELEASABLE, ...ON_DEMAND] as const;
export type Releasable = (typeof NAMEABLE)[number];

/** What a server's record says of its release; all of it where nothing is said. */
export const release = z
  .array(z.enum(NAMEABLE, { error: `What can be released: ${NAMEABLE.join(", ")}.` }))
  .max(NAMEABLE.length)
  .refine((names) => new Set(names).size === names.length, { error: "Name each member once." })
  .describe(
    "What tokens for this server, and answers about agents, tell it besides what it needs to verify them; everything but the owner where it is left out. Without act, only the agent that acts now is named.",
  );

/** What may be told to a server. */
export const releaseOf = (server: { readonly release?: readonly Releasable[] }): readonly Releasable[] =>
  server.release ?? RELEASABLE;
