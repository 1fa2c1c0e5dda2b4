import { activeFiles } from "./activate.ts";
import type { PolicyFile } from "./policy.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { shippedPolicies } from "./shipped.ts";

/** Shipped files that do not decide as they are shipped: others of their name do, or none. */
export async function shippedDifferences(deps: PolicyDeps): Promise<string[]> {
  const active = await activeFiles(deps);
  const shipped = await shippedPolicies();
  return shipped.filter((file) => !active.some((other) => isSame(file, other))).map(({ name }) => name);
}

/**
 * At start-up, which may be the first after an upgrade: the operator learns that there is something to look
 * at. Nothing is activated by itself.
 */
export async function tellOfShipped(deps: PolicyDeps): Promise<void> {
  const files = await shippedDifferences(deps);
  if (files.length === 0) return;
  deps.log.warn(
    { files },
    "shipped policies differ from those that decide: countersign policy diff --shipped",
  );
}

const isSame = (one: PolicyFile, other: PolicyFile): boolean =>
  one.name === other.name &&
  one.text === other.text &&
  one.tests === other.tests &&
  one.settings === other.settings;
