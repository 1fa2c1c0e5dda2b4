import { Fault } from "../lib/index.ts";
import { activeFiles } from "./activate.ts";
import { filesReady, readySet } from "./active-set.ts";
import type { PolicyFile, PolicySet } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { shippedPolicies } from "./shipped.ts";
import { storedSet } from "./store.ts";

/** A set that somebody speaks of: one on record, a draft, the one that decides, or the one shipped. */
export type Which =
  | { readonly version: string }
  | { readonly policies: readonly PolicyFile[] }
  | "active"
  | "shipped";

/** @throws Fault `not-found` for a version that is not on record */
export async function filesOf(deps: PolicyDeps, which: Which): Promise<readonly PolicyFile[]> {
  if (which === "active") return activeFiles(deps);
  if (which === "shipped") return shippedPolicies();
  if ("policies" in which) return which.policies;
  const stored = await storedSet(deps.database, which.version);
  if (stored === undefined) throw unknownVersion();
  return stored.files;
}

/**
 * The set ready to decide by, checked or not.
 * @throws Fault `not-found`; `invalid` for a draft that cannot be read
 */
export async function setOf(deps: PolicyDeps, which: Which): Promise<PolicySet> {
  if (typeof which === "object" && "version" in which) {
    await filesOf(deps, which);
    return readySet(deps, which.version);
  }
  const files = await filesOf(deps, which);
  return filesReady(deps, files).catch((error: Error) => {
    throw error instanceof Fault ? error : unreadable(error);
  });
}

export const unknownVersion = (): Fault =>
  new Fault("not-found", "There is no set of policies of this version.", {
    remedy: "GET /policies/versions lists them.",
  });

/** What the parser says names a place in the draft, which its sender knows. */
const unreadable = (error: Error): Fault =>
  new Fault("invalid", `The policies cannot be read: ${error.message}`, {
    remedy: "POST /policies/check tells everything that is wrong with them.",
  });
