import {
  type Grant,
  grantOf,
  parseShortForm,
  type ShortForm,
  ShortFormError,
} from "@countersign/proof/grant";
import type { DatabaseDeps } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import { findServer, toolsOfServer } from "./find.ts";
import type { Server } from "./server.ts";
import { LABELS, type Label, type Tool } from "./tool.ts";

/** What short forms are expanded against: servers, and what is pinned of each. */
export interface CatalogView {
  server(id: string): Promise<Server | undefined>;
  tools(server: string): Promise<readonly Tool[]>;
}

/** The catalog as it is now. */
export const pinnedNow = (deps: DatabaseDeps): CatalogView => ({
  server: (id) => findServer(deps, id),
  tools: (server) => toolsOfServer(deps, server),
});

/** `expandIn` the catalog as it is now. */
export const expandShortForm = (deps: DatabaseDeps, attackerText: string): Promise<Grant[]> =>
  expandIn(pinnedNow(deps), attackerText);

/**
 * The grants that a short form stands for: a tool (`reports/publish`), every tool of a server with a label
 * (`reports:write`), or every one whose name fits a pattern (`cloud/list*`). Tools pinned later never join by
 * themselves.
 * @throws Fault `invalid` saying what cannot be read, or what there is instead
 */
export async function expandIn(catalog: CatalogView, attackerText: string): Promise<Grant[]> {
  const short = parsed(attackerText);
  const server = await catalog.server(short.resource);
  if (server === undefined) {
    throw unknown(`There is no server ${short.resource} in the catalog.`, "Define the server first.");
  }
  const tools = await catalog.tools(server.id);
  const chosen = tools.filter((tool) => fits(short, tool));
  if (chosen.length === 0) throw nothingFits(short, server, tools);
  return chosen.map((tool) => grantOn(short, server, tool));
}

function parsed(attackerText: string): ShortForm {
  try {
    return parseShortForm(attackerText);
  } catch (error) {
    if (!(error instanceof ShortFormError)) throw error;
    throw new Fault("invalid", `A grant cannot be read: ${error.message}.`, {
      remedy: "Write it as server/tool, server/tool(amount <= 100), server/list* or server:write.",
    });
  }
}

function fits(short: ShortForm, tool: Tool): boolean {
  if (short.kind === "scope") {
    return short.pattern ? begins(short.verb, tool.labels) : tool.labels.includes(short.verb as Label);
  }
  return short.pattern ? begins(short.tool, [tool.name]) : tool.name === short.tool;
}

const begins = (pattern: string, names: readonly string[]): boolean =>
  names.some((name) => name.startsWith(pattern.slice(0, -1)));

/** By its label a tool is given with any arguments, as it is by its name alone. */
function grantOn({ args, open_args, resource }: ShortForm, server: Server, tool: Tool): Grant {
  const open = open_args === true || args === undefined;
  const one: ShortForm = {
    kind: "tool",
    tool: tool.name,
    resource,
    ...(args === undefined ? {} : { args }),
    ...(open ? { open_args: true } : {}),
  };
  return grantOf(one, () => server.resource);
}

function nothingFits(short: ShortForm, server: Server, tools: readonly Tool[]): Fault {
  const names = tools.slice(0, 20).map((tool) => tool.name);
  const has = names.length === 0 ? "It has no pinned tools." : `It has ${names.join(", ")}.`;
  if (short.kind === "tool")
    return unknown(`The server ${server.id} has no tool ${short.tool}. ${has}`, "Name one of them.");
  const isLabel = short.pattern === true || (LABELS as readonly string[]).includes(short.verb);
  if (!isLabel) return unknown(`There is no label ${short.verb}.`, `Labels are ${LABELS.join(", ")}.`);
  return unknown(
    `No tool of the server ${server.id} has the label ${short.verb}. ${has}`,
    "Name a tool, or label one.",
  );
}

const unknown = (message: string, remedy: string): Fault => new Fault("invalid", message, { remedy });
