import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { instanceRenewed } from "./events.ts";
import type { Instance } from "./instance.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { replaceInstance } from "./store-instances.ts";

/**
 * Lets a running copy live on until later, with the key that it has, in the caller's change. Whoever calls it has
 * judged that it may.
 */
export function prolongInstance(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  before: Instance,
  { expires, evidence }: { readonly expires: number; readonly evidence: string },
): Instance {
  const after = { ...before, expires: Math.max(before.expires, expires) };
  replaceInstance(change, before, after);
  const { id, principal, thumbprint } = after;
  const about = after.kind === "agent" ? { agent: principal } : {};
  append(
    change,
    instanceRenewed(deps, caller, about, {
      instance: id,
      principal,
      thumbprint,
      expires: after.expires,
      evidence,
    }),
  );
  return after;
}
