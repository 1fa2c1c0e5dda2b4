/**
 * What looks wrong: so far the risk of running copies of agents, by fixed rules over what is on record.
 * It only measures; what follows from a measure, policy decides.
 */

export type { Acting } from "./acting.ts";
export { threatsEvents } from "./events.ts";
export { type RiskSource, riskSource } from "./risk-source.ts";
export { agentRisk } from "./routes.ts";
export { type ThreatsTables, threatsMigrations } from "./store.ts";
export type { ThreatsDeps } from "./threats-deps.ts";
