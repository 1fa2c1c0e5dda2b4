import type { EntityUid } from "./policy-json.ts";
import type { CedarRecord } from "./record.ts";
import type { Uid, UidSet } from "./uid.ts";

/** One entity as a decision reads it. */
export interface Entity {
  readonly uid: Uid;
  readonly attrs: CedarRecord;
  readonly tags: CedarRecord;
  /** Every entity above this one at any distance, without the entity itself. */
  readonly ancestors: UidSet;
}

/**
 * Where a decision finds entities. Only entities that a policy reads are asked for, so a store may load them
 * when asked; the answers must not change during one decision.
 */
export interface EntityStore {
  get(uid: EntityUid): Entity | undefined;
}
