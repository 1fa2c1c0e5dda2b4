import type { Id } from "./ids.ts";

declare const allowed: unique symbol;

/** The actions that policy decides. `call` is any tool's; the others are Countersign's own. */
export type Action = "call" | "delegate" | "register" | "lend" | "approve" | "administer";

/** What a permit asks of the one who enforces it: `@mask`, `@return`, `@log`, `@limit`, `@notify`. */
export interface Obligation {
  readonly kind: "mask" | "return" | "log" | "limit" | "notify";
  readonly value: string;
  readonly policy: string;
}

/**
 * A decision that lets one action happen. Only approvals can make one (`approvals/authorize.ts`), so
 * that a verb which takes an `Allow<"delegate">` cannot be reached without a decision.
 */
export interface Allow<A extends Action> {
  readonly [allowed]: A;
  readonly verdict: "allow" | "allow-with-conditions";
  readonly decision: Id<"decision">;
  readonly policyVersion: string;
  /** How many sets had been activated when it was decided: `policyKey` of it ends what rests on it. */
  readonly activation: number;
  readonly policies: readonly string[];
  readonly obligations: readonly Obligation[];
  readonly receipts: readonly Id<"receipt">[];
  /** Set while policies are only observed: what they would have said. */
  readonly observed?: {
    readonly verdict: "deny" | "require-approval";
    /** Ids of policies, or built-in reasons. */
    readonly reasons: readonly string[];
  };
  /** The approval to reserve, where one was needed. */
  readonly approval?: Id<"approval">;
}
