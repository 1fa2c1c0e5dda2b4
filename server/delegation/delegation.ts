import type { Grant } from "@countersign/proof/grant";
import type { AgentName, Id, PrincipalId } from "../lib/index.ts";

/** The longest chain, in links, unless the task says less or more; and the most it may say. */
export const USUAL_DEPTH = 4;
export const MOST_DEPTH = 8;

/** A recorded edge by which a principal gives an agent grants for a task. */
export interface Delegation {
  readonly id: Id<"edge">;
  readonly task: Id<"task">;
  /** The edge it hangs on; none for the person's own. */
  readonly parent?: Id<"edge">;
  /** The edges from the root to this one, itself last. */
  readonly path: readonly Id<"edge">[];
  readonly from: PrincipalId;
  readonly to: AgentName;
  readonly grants: readonly Grant[];
  /** 1 for the person's own delegation. */
  readonly depth: number;
  /** The depth that no delegation below may pass, where the warrant said so that it was passed on by. */
  readonly maxDepth?: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly madeAt: number;
  readonly endedAt?: number;
  /**
   * Dead keys by which it ends besides its own and those of the edges above, which say theirs: of whoever holds
   * it, of the person who gave it, the sign-in that it was begun by, the warrants and the copy that passed it on,
   * what that was made of, and the decision that let it.
   */
  readonly rests?: readonly string[];
}
