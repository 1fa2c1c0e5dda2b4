import type { AuditDeps } from "../audit/index.ts";
import { days } from "../lib/index.ts";

/** What the registry's verbs need: the change, the log and its sealer, and the name of this trust domain. */
export interface RegistryDeps extends AuditDeps {
  /** The SPIFFE trust domain of this installation, such as `countersign.example.com`. */
  readonly trustDomain: string;
  /** How lives go on by themselves; nothing said: agents are silent for as long as they like. */
  readonly lifecycle?: LifecycleSettings;
}

/** What an installation sets about the lives of its agents, in milliseconds. */
export interface LifecycleSettings {
  /** How long an agent may be silent before it is dormant, where its record says nothing; absent: for ever. */
  readonly dormantAfter?: number;
  /** How long an agent goes on whose owner has left. */
  readonly orphanGrace?: number;
}

/** Where nothing is said: a week to find somebody else. */
export const ORPHAN_GRACE = days(7);
