import { allEntriesOf } from "../attestation/index.ts";
import { type Desired, type DesiredAs, ofKind } from "./desired.ts";
import type { ManifestDeps } from "./manifest-deps.ts";

/**
 * The entries that stand for agents whose `identity` is said, and that nothing in the manifest says: an agent is
 * declared whole, and whoever takes an entry out of a manifest means that its processes are nobody any more.
 */
export async function goneEntries(
  deps: ManifestDeps,
  all: readonly Desired[],
): Promise<DesiredAs<"Entry">[]> {
  const said = new Set(ofKind(all, "Entry").map(({ declared }) => declared.name));
  const gone: DesiredAs<"Entry">[] = [];
  for (const { declared } of ofKind(all, "Agent")) {
    if (declared.kind !== "Agent" || declared.spec.identity === undefined) continue;
    const { name: principal, line } = declared;
    for (const entry of await allEntriesOf(deps, { kind: "agent", principal })) {
      const name = `${principal}/${entry.name}`;
      if (said.has(name)) continue;
      const place = { kind: "agent", principal, name: entry.name } as const;
      gone.push({
        kind: "Entry",
        declared: { kind: "Entry", name, line, spec: entry },
        as: { place, said: null },
      });
    }
  }
  return gone;
}
