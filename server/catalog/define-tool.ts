import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { accepted, requireAdministrator } from "../registry/index.ts";
import type { CatalogDeps } from "./catalog.ts";
import { toolPinned, toolRepinned } from "./events.ts";
import { findServer, findTool } from "./find.ts";
import { insertTool, raiseVersion, replaceTool } from "./store.ts";
import { type Tool, type ToolDefinition, toolDefinition, toolOf } from "./tool.ts";

/**
 * Pins a tool's definition. Another definition of a tool that is pinned is taken only from somebody who says
 * which one it replaces, and so has seen that it changed. Pinning what is pinned changes nothing. No policy is
 * asked whether it fits: for whom policies decide there is `admitTool`.
 * @param replaces digest of the definition pinned now
 * @throws Fault `forbidden`; `invalid`; `conflict` when another definition is pinned
 */
export function defineTool(
  deps: CatalogDeps,
  caller: Caller,
  { definition, replaces }: { definition: ToolDefinition; replaces?: string | undefined },
): Promise<Tool> {
  return perform(deps, caller, "tool.define", async (change) => {
    requireAdministrator(caller);
    return putTool(deps, change, caller, { definition, replaces });
  });
}

/** What is to be pinned, and what of it has been looked at. */
export interface Pinning {
  readonly definition: ToolDefinition;
  /** Digest of the definition pinned now. */
  readonly replaces?: string | undefined;
  /** Ids of policies that lose something by it, which the caller accepted. */
  readonly policyLoss?: readonly string[];
}

/** As `defineTool`, within a change that does more besides. Whoever calls it has decided that it may. */
export async function putTool(
  deps: CatalogDeps,
  change: Change,
  caller: Caller,
  { definition, replaces, policyLoss = [] }: Pinning,
): Promise<Tool> {
  const tool = readDefinition(definition);
  const before = await findTool(deps, tool.identifier);
  if (before?.digest === tool.digest) return before;
  requireReplaced(before, tool, replaces);
  if (before === undefined) await pin(deps, change, caller, tool);
  else repin(deps, change, caller, before, tool, policyLoss);
  raiseVersion(change);
  return tool;
}

/** The tool that a definition makes, pinned or not. @throws Fault `invalid` */
export const readDefinition = (said: ToolDefinition): Tool => toolOf(accepted("tool", toolDefinition, said));

/**
 * Lets only those replace a pinned definition who say which one it is.
 * @throws Fault `conflict`
 */
export function requireReplaced(before: Tool | undefined, after: Tool, replaces: string | undefined): void {
  if (before === undefined || before.digest === after.digest || before.digest === replaces) return;
  throw new Fault("conflict", `Another definition of ${before.identifier} is pinned.`, {
    remedy: "Look at what changed; then say which definition yours replaces.",
    members: { pinned: before.digest, offered: after.digest },
  });
}

async function pin(deps: CatalogDeps, change: Change, caller: Caller, tool: Tool): Promise<void> {
  if ((await findServer(deps, tool.server)) === undefined) {
    throw new Fault("invalid", `There is no server ${tool.server}.`, { remedy: "Define the server first." });
  }
  insertTool(change, tool);
  append(change, toolPinned(deps, caller, {}, pinOf(tool)));
}

function repin(
  deps: CatalogDeps,
  change: Change,
  caller: Caller,
  before: Tool,
  after: Tool,
  policyLoss: readonly string[],
): void {
  replaceTool(change, before, after);
  const loss = policyLoss.length === 0 ? {} : { policy_loss: [...policyLoss] };
  append(change, toolRepinned(deps, caller, {}, { ...pinOf(after), replaces: before.digest, ...loss }));
}

const pinOf = ({ identifier, digest, labels }: Tool) => ({ tool: identifier, digest, labels: [...labels] });
