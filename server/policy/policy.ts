import type { PolicyJson } from "@countersign/cedar";
import type { CedarSchema } from "../catalog/index.ts";
import type { Obligation } from "../lib/index.ts";
import type { ContextRead } from "./context-read.ts";
import type { Engine } from "./engine.ts";
import type { SettingsValues } from "./settings.ts";
import type { PolicyRef } from "./verdict.ts";

/** A file of policies as people write it, perhaps with its settings and the tests beside it (both YAML). */
export interface PolicyFile {
  /** The file's name without its ending, such as `external-publication`. */
  readonly name: string;
  readonly text: string;
  readonly tests?: string;
  readonly settings?: string;
}

/** One policy, read: data alone, so that one thread may read what another compiles. */
export interface Policy extends PolicyRef {
  /** Its source, from the first annotation to the semicolon. `hash` covers it, and the settings that it reads. */
  readonly text: string;
  readonly effect: "permit" | "forbid";
  readonly reason: string;
  /** For a forbid that people can lift: what it takes, as `requirementText`. */
  readonly lift?: string;
  readonly obligations: readonly Obligation[];
  /** The actions that its scope names; each stands for its members too. */
  readonly actions: readonly string[] | "any";
  /** What its conditions read of the context. */
  readonly reads: ContextRead;
  /** What the engine compiles. */
  readonly json: PolicyJson;
  /** Where it stands: its file with the ending, counted from 1. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What decisions are made by: policies that passed their checks, ready to be evaluated. */
export interface PolicySet {
  /** `pv_` and the first 16 hexadecimal digits of the hash. */
  readonly version: string;
  readonly hash: string;
  readonly policies: ReadonlyMap<string, Policy>;
  /** Of the catalog, with the types of these policies' settings. */
  readonly schema: CedarSchema;
  readonly settings: SettingsValues;
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
