import type { Entry } from "../attestation/index.ts";
import { toolOf } from "../catalog/index.ts";
import { type Agent, changedMembers, updatedAgent } from "../registry/index.ts";
import type { Current } from "./current.ts";
import { type Desired, type DesiredAs, goes } from "./desired.ts";
import type { Kind } from "./document.ts";

/** What applying would do to one declared thing. */
export interface Step {
  readonly kind: Kind;
  readonly name: string;
  readonly action: "create" | "change" | "unchanged" | "remove";
  /** The members that would change. */
  readonly fields: readonly string[];
}

/** The difference between what is declared and what stands, without doing anything. Pure. */
export function stepOf(desired: Desired, current: Current[Kind] | undefined): Step {
  const { kind, declared } = desired;
  const base = { kind, name: declared.name };
  if (goes(desired)) return { ...base, action: "remove", fields: [] };
  if (current === undefined) return { ...base, action: "create", fields: [] };
  const fields = differences(desired, current);
  return { ...base, action: fields.length === 0 ? "unchanged" : "change", fields };
}

function differences(desired: Desired, current: Current[Kind]): string[] {
  if (desired.kind === "Agent")
    return changedMembers(current, updatedAgent(current as Agent, desired.as.update));
  if (desired.kind === "Artifacts") return changedMembers<object>(current, desired.as.artifacts);
  if (desired.kind === "Entry") return changedEntry(current as Entry, desired.as.said ?? {});
  if (desired.kind === "Tool")
    return changedMembers(current, toolOf(desired.as)).filter((member) => member !== "digest");
  if (desired.kind === "Platform") return changedPlatform(current as Current["Platform"], desired);
  if (desired.kind === "PlatformRule") return changedMembers<object>(current, desired.as.said ?? {});
  if (desired.kind === "IdentityProvider" || desired.kind === "Partner")
    return changedMembers<object>(current, desired.as.definition);
  const { revision = undefined, ...stands } = current as typeof current & { revision?: number };
  return changedMembers<object>(stands, desired.as);
}

/** The members that are said; what is not said any more is one of them. */
function changedEntry(current: Entry, said: object): string[] {
  const { kind: _, principal: __, name: ___, id: ____, revision: _____, ...stands } = current;
  const gone = Object.keys(stands).filter((member) => !(member in said));
  return [...new Set([...gone, ...changedMembers<object>(stands, said)])];
}

/** How a cluster is asked is not declared, and an audience that nobody says is made up once. */
function changedPlatform(
  { review: _, audience, ...stands }: Current["Platform"],
  { as: { definition } }: DesiredAs<"Platform">,
): string[] {
  return changedMembers<object>({ ...stands, audience }, { audience, ...definition });
}
