import type { DatabaseDeps } from "../database/index.ts";
import type { Blockable } from "../revocation/index.ts";
import type { Agent } from "./agent.ts";
import { blockedKindsOf } from "./instance.ts";
import { defined } from "./record.ts";
import type { RegistryTables } from "./tables.ts";

/** Most ids in one select. */
const AT_ONCE = 500;

/**
 * What can be blocked as a whole of each of these running copies: the class of its agent, and what it is made of.
 * @param ids SPIFFE IDs; one that nobody has is left out
 */
export async function blockableOf(
  { database }: DatabaseDeps,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Blockable[]>> {
  const found = new Map<string, readonly Blockable[]>();
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const rows = await copiesWith(database, ids.slice(start, start + AT_ONCE));
    for (const { id, class: of, image, model, configuration } of rows) {
      const material = defined({
        image: image ?? undefined,
        model: model ?? undefined,
        configuration: configuration ?? undefined,
      });
      found.set(id, blockedKindsOf(of === null ? [] : [{ class: of as Agent["class"] }], material));
    }
  }
  return found;
}

const copiesWith = (database: DatabaseDeps["database"], ids: readonly string[]) =>
  database
    .tables<RegistryTables>()
    .selectFrom("instance")
    .leftJoin("agent", (join) =>
      join.onRef("agent.name", "=", "instance.principal").on("instance.kind", "=", "agent"),
    )
    .select(["instance.id", "agent.class", "instance.image", "instance.model", "instance.configuration"])
    .where("instance.id", "in", [...ids])
    .execute();
