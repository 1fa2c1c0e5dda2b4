/**
 * What agents can reach: servers and their tools, pinned by digest, with the labels that policies speak of
 * and the Cedar schema that follows from them.
 */
export { type AgentStanding, type AskedAbout, agentStanding } from "./agent-standing.ts";
export {
  type CatalogDeps,
  catalogVersion,
  cedarSchema,
  cedarSchemaWith,
  type SchemaAndDigest,
} from "./catalog.ts";
export { type CedarSchema, cedarSchemaOf, type SettingsTypes, withSettings } from "./cedar-schema.ts";
export type { CedarType } from "./cedar-type.ts";
export { defineServer, putServer, readServer } from "./define-server.ts";
export { defineTool, putTool, readDefinition, requireReplaced } from "./define-tool.ts";
export { catalogEvents } from "./events.ts";
export { type CatalogView, expandIn, expandShortForm, pinnedNow } from "./expand-short-form.ts";
export { factUrl, placeholdersOf } from "./fact-url.ts";
export { findServer, findTool, listServers, listTools, serverOf, toolsOf, toolsOfServer } from "./find.ts";
export { type ArgumentType, type InputSchema, inputSchema } from "./input-schema.ts";
export { RELEASABLE, type Releasable, releaseOf } from "./release.ts";
export { serverAnswer, serverList, toolAnswer, toolList, toolShow } from "./routes.ts";
export { agentStandingShow, instanceStandingShow } from "./routes-standing.ts";
export { type Server, type ServerDefinition, serverDefinition } from "./server.ts";
export { catalogMigrations, requireVersion as requireCatalog } from "./store.ts";
export {
  LABELS,
  type Label,
  type Tool,
  type ToolDefinition,
  toolDefinition,
  toolMembers,
  toolOf,
} from "./tool.ts";
export {
  type AmountDeclaration,
  amountDeclaration,
  currencyCode,
  dataLabel,
  FACT_TYPES,
  type FactDeclaration,
  type FactType,
} from "./tool-facts.ts";
