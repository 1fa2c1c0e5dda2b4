import { cedarSchemaOf, type Tool } from "../catalog/index.ts";
import { checkAgainst } from "./check.ts";
import { exampleTool } from "./example-tool.ts";
import type { PolicyFile, Problem } from "./policy.ts";
import { readTests } from "./policy-test.ts";

/**
 * Checks a set without any server: the catalog is what the tests beside the policies say of their tools. What
 * the real catalog says may differ, so the server checks again before a set decides.
 */
export function checkOffline(files: readonly PolicyFile[]): Problem[] {
  const tools = new Map<string, Tool>();
  for (const { tools: given } of files.map(readTests)) {
    for (const [identifier, tool] of Object.entries(given))
      tools.set(identifier, exampleTool(identifier, tool));
  }
  return checkAgainst(files, cedarSchemaOf([...tools.values()]).schema);
}
