import type { Json } from "@countersign/proof/jcs";

/** What a task serves, as the person or the service that opened it said; never an agent. */
export interface Incident {
  readonly id: string;
  readonly severity: "P1" | "P2" | "P3" | "P4";
}

/** A plan that was approved beforehand. */
export interface Runbook {
  readonly name: string;
  /** The tools that it declares, as `server/tool`. */
  readonly steps: readonly string[];
}

/** What a task has declared that it will do. */
export interface PlanSeen {
  /** The tools of its steps, as `server/tool`. */
  readonly tools: readonly string[];
  /** Which of them a call is, from 1; known at the call alone. */
  readonly step?: number;
}

/** A sum of money: scaled by 10,000, so that it is exact. */
export type Scaled = bigint;

/** Calls counted in sliding windows, this call not included. */
export interface WindowCounts {
  readonly minute: number;
  readonly hour: number;
  readonly day: number;
}

/** What a task remembers of its whole tree, with what sticks to the instance. */
export interface History {
  /** Labels of the data that was read. */
  readonly labels: readonly string[];
  /** Whether content from outside was read. */
  readonly untrusted: boolean;
  /** Calls in the task, this one not included; of this tool alone, `toolCalls`. */
  readonly calls: number;
  readonly toolCalls: number;
  /** What this tool has moved in the task so far, by currency. */
  readonly amounts: Readonly<Record<string, Scaled>>;
}

/** How the acting copy was proven, and since when. Times in milliseconds since the epoch. */
export interface Posture {
  readonly provenAt: number;
  /** When the agent last did anything; its registration where it never did. */
  readonly lastActive: number;
}

/** The 0 to 100 that `threats` makes, and what it is made of. */
export interface Risk {
  readonly score: number;
  readonly parts: Readonly<Record<string, number>>;
  /** Parts that are strange, by name. */
  readonly anomalies: readonly string[];
  readonly at: number;
}

/** What was found out about the resource itself, and what could not be. */
export interface Facts {
  readonly values: Readonly<Record<string, Json>>;
  /** Facts that policies read, or that arguments must equal, and that could not be had. */
  readonly missing: readonly string[];
  /** Arguments that must equal one of those, so that nobody knows whether they do. */
  readonly unchecked?: readonly { readonly argument: string; readonly fact: string }[];
  /** Arguments that say something else than the fact that they must equal. */
  readonly contradicted: readonly { readonly argument: string; readonly fact: string }[];
}

/** What the catalog says of the tool that is called, as far as policies speak of it. */
export interface ToolFacts {
  readonly data: readonly string[];
  readonly untrusted: boolean;
  readonly environment?: string;
  readonly region?: string;
  /** What the call moves, where the tool declares an amount and the arguments can be read exactly. */
  readonly amount?: { readonly value: Scaled; readonly currency: string };
  /** The arguments that say what the call moves, where the tool declares an amount. */
  readonly amountFrom?: readonly string[];
}

/**
 * What is true around a question: gathered by the server, never said by the agent. A member that is absent
 * is not known. Recorded with the decision, so that a replay sees what was seen then.
 */
export interface Circumstances {
  readonly tool?: ToolFacts;
  readonly facts?: Facts;
  readonly history?: History;
  readonly windows?: {
    readonly agent?: WindowCounts;
    readonly instance?: WindowCounts;
    readonly person?: WindowCounts;
    readonly resource?: WindowCounts;
  };
  readonly posture?: Posture;
  /** Missing or stale counts as 100. */
  readonly risk?: Risk;
  /** The IANA zone of the owning team: the resource's, else the agent's. */
  readonly zone?: string;
}
