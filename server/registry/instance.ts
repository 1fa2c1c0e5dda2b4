import type { PublicJwk } from "@countersign/proof/jwk";
import type { Id, Strength } from "../lib/index.ts";

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
  /** The one task that a person made it for, as a client of hers. It authenticates for nothing else. */
  readonly task?: Id<"task">;
}

/** Whether it may still speak. Ended is for ever; so is expired: a process that goes on enrols anew. */
export const isLive = (instance: Instance, now: number): boolean =>
  instance.status === "active" && now < instance.expires;

/** What dies with an instance: its name and its key. */
export const deadKeysOf = (instance: Pick<Instance, "id" | "thumbprint">): string[] => [
  `instance:${instance.id}`,
  `jkt:${instance.thumbprint}`,
];
