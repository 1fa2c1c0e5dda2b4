import { perform } from "../audit/index.ts";
import {
  findTool,
  putServer,
  putTool,
  readDefinition,
  requireReplaced,
  type Server,
  type ServerDefinition,
  type Tool,
  type ToolDefinition,
} from "../catalog/index.ts";
import type { Caller } from "../lib/index.ts";
import { requireAdministrator } from "../registry/index.ts";
import { admissionOfServer, admissionOfTools } from "./admission.ts";
import type { Problem } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";

/** A definition that the policies that decide let in, and what the shadow would lose by it. */
export interface Admitted<Defined> {
  readonly defined: Defined;
  readonly warnings: readonly Problem[];
}

/**
 * Pins a tool's definition, if the policies that decide fit it: with an argument under another name, a policy
 * that asks for it would stop holding without a word. No other set begins to decide meanwhile.
 * @param replaces digest of the definition pinned now
 * @param acceptLoss policies may lose what they read or are about; the event names them
 * @throws Fault as `defineTool`; `invalid` with every problem; `forbidden` where a loss is accepted by who may not
 */
export function admitTool(
  deps: PolicyDeps,
  caller: Caller,
  said: {
    readonly definition: ToolDefinition;
    readonly replaces?: string | undefined;
    readonly acceptLoss?: boolean | undefined;
  },
): Promise<Admitted<Tool>> {
  const { definition, replaces, acceptLoss } = said;
  return perform(deps, caller, "tool.define", async (change) => {
    requireAdministrator(caller);
    const tool = readDefinition(definition);
    const before = await findTool(deps, tool.identifier);
    if (before?.digest === tool.digest) return { defined: before, warnings: [] };
    requireReplaced(before, tool, replaces);
    const admission = await admissionOfTools(deps, caller, [tool], { acceptLoss });
    const policyLoss = admission.lossBy(tool.identifier);
    const defined = await putTool(deps, change, caller, { definition, replaces, policyLoss });
    admission.guard(change);
    return { defined, warnings: admission.warnings };
  });
}

/**
 * Adds a server to the catalog or says its record anew, if no policy that decides loses the environment or the
 * region that it reads.
 * @throws Fault as `defineServer`; else as `admitTool`
 */
export function admitServer(
  deps: PolicyDeps,
  caller: Caller,
  { server, acceptLoss }: { readonly server: ServerDefinition; readonly acceptLoss?: boolean | undefined },
): Promise<Admitted<Server>> {
  return perform(deps, caller, "server.define", async (change) => {
    requireAdministrator(caller);
    const admission = await admissionOfServer(deps, caller, server, { acceptLoss });
    const defined = await putServer(deps, change, caller, server, admission.lossBy(server.id));
    if (!change.isEmpty) admission.guard(change);
    return { defined, warnings: admission.warnings };
  });
}
