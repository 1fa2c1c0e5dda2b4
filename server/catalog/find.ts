import type { DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import type { Page } from "../registry/index.ts";
import type { Server } from "./server.ts";
import { serverBy, serversAfter, toolNamed, toolsAfter, toolsOfServerNamed } from "./store.ts";
import type { Tool } from "./tool.ts";

/** The server of this id, or nothing. */
export const findServer = (deps: DatabaseDeps, attackerId: string): Promise<Server | undefined> =>
  serverBy(deps.database, "id", attackerId);

/** The server that this resource identifier (audience) is, compared byte by byte, or nothing. */
export const serverOf = (deps: DatabaseDeps, attackerResource: string): Promise<Server | undefined> =>
  serverBy(deps.database, "resource", attackerResource);

/** The pinned tool of this identifier (`reports/publish`), or nothing. */
export const findTool = (deps: DatabaseDeps, attackerIdentifier: string): Promise<Tool | undefined> =>
  toolNamed(deps.database, attackerIdentifier);

/** @throws Fault `not-found` */
export async function toolOrRefuse(deps: DatabaseDeps, attackerIdentifier: string): Promise<Tool> {
  const tool = await findTool(deps, attackerIdentifier);
  if (tool !== undefined) return tool;
  throw new Fault("not-found", "There is no pinned tool of this name.", {
    remedy: "List the tools, or define this one.",
  });
}

/** The pinned tools of the server that this resource identifier is; none where there is no such server. */
export async function toolsOf(deps: DatabaseDeps, attackerResource: string): Promise<Tool[]> {
  const server = await serverOf(deps, attackerResource);
  return server === undefined ? [] : toolsOfServer(deps, server.id);
}

/** The pinned tools of one server, in the order of their names. */
export const toolsOfServer = (deps: DatabaseDeps, server: string): Promise<Tool[]> =>
  toolsOfServerNamed(deps.database, server);

/** A page of servers in the order of their ids. */
export async function listServers(
  deps: DatabaseDeps,
  page: Page,
): Promise<{ items: Server[]; next?: string }> {
  const rows = await serversAfter(deps.database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (server) => server.id);
}

/** A page of tools in the order of their identifiers. */
export async function listTools(deps: DatabaseDeps, page: Page): Promise<{ items: Tool[]; next?: string }> {
  const rows = await toolsAfter(deps.database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (tool) => tool.identifier);
}
