import type { CedarSchema } from "../catalog/index.ts";
import type { Obligation } from "../lib/index.ts";
import type { Engine } from "./engine.ts";
import type { PolicyRef } from "./verdict.ts";

/** A file of policies as people write it, perhaps with the tests beside it (YAML). */
export interface PolicyFile {
  /** The file's name without its ending, such as `external-publication`. */
  readonly name: string;
  readonly text: string;
  readonly tests?: string;
}

/** One policy, read. */
export interface Policy extends PolicyRef {
  /** Its source, from the first annotation to the semicolon: what `hash` is the SHA-256 of (base64url). */
  readonly text: string;
  readonly effect: "permit" | "forbid";
  readonly reason: string;
  /** For a forbid that people can lift: what it takes, as `requirementText`. */
  readonly lift?: string;
  readonly obligations: readonly Obligation[];
  /** The actions that its scope names; each stands for its members too. */
  readonly actions: readonly string[] | "any";
  /** The arguments of a call that its conditions read, wherever they do. */
  readonly argumentsRead: readonly string[] | "any";
}

/** What decisions are made by: policies that passed their checks, ready to be evaluated. */
export interface PolicySet {
  /** `pv_` and the first 16 hexadecimal digits of the hash. */
  readonly version: string;
  readonly hash: string;
  readonly policies: ReadonlyMap<string, Policy>;
  readonly schema: CedarSchema;
  readonly engine: Engine;
}

/** What stands in the way of activating a set, or (a warning) might be a mistake. */
export interface Problem {
  readonly severity: "error" | "warning";
  /** With its ending: `expenses.cedar`, `expenses.test.yaml`. */
  readonly file: string;
  readonly policy?: string;
  /** Counted from 1; a column in characters. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}
