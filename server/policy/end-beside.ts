import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { canaryEnded, shadowEnded } from "./events.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { type Beside, deleteBeside } from "./store.ts";

const ENDED = { canary: canaryEnded, shadow: shadowEnded } as const;

/** Adds to a change that a canary or a shadow has no say any more. */
export function endBeside(
  deps: PolicyDeps,
  change: Change,
  caller: Caller,
  name: keyof typeof ENDED,
  { id, version }: Beside,
  why: "stopped" | "activated" | "rolled back",
): void {
  deleteBeside(change, name, id);
  append(change, ENDED[name](deps, caller, {}, { id, version, why }));
}
