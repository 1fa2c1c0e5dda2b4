import type { EntityStore } from "../entity.ts";
import { getAttribute, getTag, hasAttribute, hasTag } from "../operators/index.ts";
import type { ExprJson } from "../policy-json.ts";
import { isRecord } from "../record.ts";
import { attempt, isEntity, known, type Open, type Outcome, open, type Walk } from "./outcome.ts";
import { strictTwo, type Two } from "./strict.ts";

/** `left.attr` */
export function attribute(walk: Walk, entities: EntityStore, left: ExprJson, attr: string): Outcome {
  return attributeOf(walk(left), entities, attr);
}

function attributeOf(holder: Outcome, entities: EntityStore, attr: string): Outcome {
  if (holder.state === "failed") return holder;
  if (holder.state === "known") return attempt(() => getAttribute(entities, holder.value, attr));
  return member(holder, entities, attr);
}

/** Of a record with unknown members, the others are known; an unknown one need not be there at all. */
function member({ expr, members }: Open, entities: EntityStore, attr: string): Outcome {
  const reading: ExprJson = { ".": { left: expr, attr } };
  const unknown = members?.unknown.get(attr);
  if (members === undefined || unknown === "unknown") return open(reading);
  const found = attempt(() => getAttribute(entities, members.known, attr));
  if (unknown === undefined || found.state === "failed" || !isRecord(found.value)) return found;
  return { ...open(reading, "record", true), members: { known: found.value, unknown } };
}

/** `left has attr`, where a list of names asks for each within the one before. */
export function has(
  walk: Walk,
  entities: EntityStore,
  left: ExprJson,
  attr: string | readonly string[],
): Outcome {
  const names = typeof attr === "string" ? [attr] : attr;
  let holder = walk(left);
  let presence: Outcome = known(true);
  for (const [index, name] of names.entries()) {
    presence = presenceIn(holder, entities, name);
    if (presence.state === "open") return remaining(holder, presence, names.slice(index));
    if (presence.state === "failed" || presence.value === false) return presence;
    holder = attributeOf(holder, entities, name);
  }
  return presence;
}

function presenceIn(holder: Outcome, entities: EntityStore, name: string): Outcome {
  if (holder.state === "failed") return holder;
  if (holder.state === "known") return attempt(() => hasAttribute(entities, holder.value, name));
  const { members } = holder;
  if (members !== undefined && members.unknown.get(name) !== "unknown") {
    return known(hasAttribute(entities, members.known, name));
  }
  const answers = holder.kind === "entity" || holder.kind === "record";
  return open({ has: { left: holder.expr, attr: name } }, "boolean", holder.safe && answers);
}

/** `left.getTag(right)` */
export function tag(walk: Walk, entities: EntityStore, operands: Two): Outcome {
  return strictTwo(
    walk,
    operands,
    (holder, name) => getTag(entities, holder, name),
    (parts) => open({ getTag: parts }),
  );
}

/** `left.hasTag(right)` */
export function tagTest(walk: Walk, entities: EntityStore, operands: Two): Outcome {
  return strictTwo(
    walk,
    operands,
    (holder, name) => hasTag(entities, holder, name),
    (parts, holder, name) => {
      const named = name.state === "known" && typeof name.value === "string";
      return open({ hasTag: parts }, "boolean", isEntity(holder) && named);
    },
  );
}

/** The names from the first open one on; whether there is anything to ask the later ones of is not known. */
function remaining(holder: Outcome, presence: Open, names: readonly string[]): Open {
  if (names.length === 1 || holder.state !== "open") return presence;
  return open({ has: { left: holder.expr, attr: names } }, "boolean");
}
