import { createHash } from "node:crypto";
import { canonicalBytes, type Json } from "@countersign/proof/jcs";
import type { CedarSchema } from "../catalog/index.ts";
import { cedarWasmEngine, type Slot } from "./cedar-wasm.ts";
import type { PolicyFile, PolicySet } from "./policy.ts";
import { readPolicies } from "./read-policies.ts";

/** Files in the order of their names, each with the members that it has and no others. */
export function inOrder(files: readonly PolicyFile[]): PolicyFile[] {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.map(({ name, text, tests }) => ({ name, text, ...(tests === undefined ? {} : { tests }) }));
}

/** What a set is known by: the SHA-256 of its files, tests included, and the version made of it. */
export function identify(files: readonly PolicyFile[]): { version: string; hash: string } {
  const content = inOrder(files) as unknown as Json;
  const hash = createHash("sha256").update(canonicalBytes(content)).digest("hex");
  return { version: `pv_${hash.slice(0, 16)}`, hash };
}

/**
 * Makes policies ready to decide by. They are read, not checked: `checkPolicies` is for that.
 * @param slot `candidate` for a set that is only being tried
 * @throws Error when a file cannot be read, or two policies share an id
 */
export function policySet(files: readonly PolicyFile[], schema: CedarSchema, slot: Slot): PolicySet {
  const read = inOrder(files).map(readPolicies);
  const problem = read.flatMap(({ problems }) => problems)[0];
  if (problem !== undefined) throw new Error(`${problem.file}:${problem.line}: ${problem.message}`);
  const policies = read.flatMap((file) => file.policies);
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  if (byId.size < policies.length) throw new Error("two policies have the same @id");
  return { ...identify(files), policies: byId, schema, engine: cedarWasmEngine(slot, policies) };
}
