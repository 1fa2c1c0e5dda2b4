/**
 * What agents can reach: servers and their tools, pinned by digest, with the labels that policies speak of
 * and the Cedar schema that follows from them.
 */
export { type CatalogDeps, catalogVersion, cedarSchema } from "./catalog.ts";
export { type CedarSchema, cedarSchemaOf } from "./cedar-schema.ts";
export type { CedarType } from "./cedar-type.ts";
export { defineServer, putServer } from "./define-server.ts";
export { defineTool, putTool } from "./define-tool.ts";
export { catalogEvents } from "./events.ts";
export { type CatalogView, expandIn, expandShortForm, pinnedNow } from "./expand-short-form.ts";
export { findServer, findTool, listServers, listTools, serverOf, toolsOf, toolsOfServer } from "./find.ts";
export { type ArgumentType, type InputSchema, inputSchema } from "./input-schema.ts";
export { serverList, serverPut, toolList, toolPut, toolShow } from "./routes.ts";
export { type Server, type ServerDefinition, serverDefinition } from "./server.ts";
export { catalogMigrations } from "./store.ts";
export { LABELS, type Label, type Tool, type ToolDefinition, toolDefinition, toolOf } from "./tool.ts";
