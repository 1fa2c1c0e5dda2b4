import type { PublicJwk } from "@countersign/proof/jwk";
import type { Id, Strength } from "../lib/index.ts";
import type { Blockable } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";

/** One running copy of an agent or a service, known by the key it made. */
export interface Instance {
  /** Its SPIFFE ID. */
  readonly id: string;
  readonly kind: "agent" | "service";
  /** The agent's name, or the service's id. */
  readonly principal: string;
  /** RFC 7638 thumbprint of its key. */
  readonly thumbprint: string;
  readonly jwk: PublicJwk;
  readonly strength: Strength;
  readonly enrolledAt: number;
  readonly expires: number;
  readonly status: "active" | "ended";
  /**
   * Whether others vouch for it whenever it comes (a trust domain, an authority): its key may be another one the
   * next time, and by its key alone it proves nothing.
   */
  readonly vouched: boolean;
  /** Whether whoever vouches gives it this SPIFFE ID whenever it comes: ended, it would be lost for ever. */
  readonly keepsId: boolean;
  /** The one task that a person made it for, as a client of hers. It authenticates for nothing else. */
  readonly task?: Id<"task">;
  /** Digest of the image that it runs, and of the model that it works with, as attestation found them. */
  readonly image?: string;
  readonly model?: string;
  /** Digest of the files that its entry declares: prompt, tools, settings, as attestation found them. */
  readonly configuration?: string;
}

/** Whether it may still speak. Ended is for ever; so is expired: a process that goes on enrols anew. */
export const isLive = (instance: Instance, now: number): boolean =>
  instance.status === "active" && now < instance.expires;

/** What dies with an instance: its name and its key. */
export const deadKeysOf = (instance: Pick<Instance, "id" | "thumbprint">): string[] => [
  `instance:${instance.id}`,
  `jkt:${instance.thumbprint}`,
];

/** What can be blocked as a whole under these agents, and under a running copy. */
export const blockedKindsOf = (
  agents: readonly Pick<Agent, "class">[],
  { image, model, configuration }: Pick<Instance, "image" | "model" | "configuration"> = {},
): Blockable[] => [
  ...new Set(agents.map((agent): Blockable => `class:${agent.class}`)),
  ...(image === undefined ? [] : ([`image:${image}`] as const)),
  ...(model === undefined ? [] : ([`model:${model}`] as const)),
  ...(configuration === undefined ? [] : ([`configuration:${configuration}`] as const)),
];
