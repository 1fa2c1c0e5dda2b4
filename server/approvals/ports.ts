import type { Json } from "@countersign/proof/jcs";
import type { FactDeclaration, Server, Tool } from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import type { AgentName } from "../lib/index.ts";
import type { Risk } from "../policy/index.ts";
import type { Agent } from "../registry/index.ts";

/** Which facts are asked for, and about what. */
export interface FactsAsked {
  readonly server: Server;
  readonly tool: Tool;
  /** Of the tool's declared facts, those that matter now. */
  readonly facts: readonly FactDeclaration[];
  /** The agent's own words: what the facts are about. */
  readonly agentArgs: Readonly<Record<string, Json>>;
}

/** Where decisions get what is true of a resource. A later room knows how; `main` hands it in. */
export interface FactSource {
  /** @returns each fact that could be had, by name; what is absent could not be. Never throws */
  of(asked: FactsAsked): Promise<Readonly<Record<string, Json>>>;
}

/** Where decisions get the risk of the one who acts. A later room measures it; `main` hands it in. */
export interface RiskSource {
  /** @returns nothing where it cannot be had: that counts as the highest. Never throws */
  of(acting: {
    readonly agent: Agent;
    readonly instance: string;
    readonly tool?: string;
  }): Promise<Risk | undefined>;
  /** Adds to the change of a call that the agent made it. */
  used(change: Change, call: { readonly agent: AgentName; readonly tool: string }): void;
}
