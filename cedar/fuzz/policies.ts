import type { PolicyJson, PolicySource, Slot, TemplateLink } from "../policy-json.ts";
import { POLICY_IDS } from "./names.ts";
import { drawNamed, writePolicy, writeScopes } from "./policy.ts";
import type { Writer } from "./writer.ts";

const SLOTS = [["?principal"], ["?resource"], ["?principal", "?resource"]] as const satisfies Slot[][];

/** A set of policies, sometimes with templates and links. Every id is given once. */
export function writePolicies(writer: Writer): PolicySource {
  const { choice } = writer;
  const ids = shuffled(writer, POLICY_IDS);
  let drawn = 0;
  const next = (): string => ids.pop() ?? `q${drawn++}`;
  const policies = choice.many(1, 7, () => [next(), writePolicy(writer)] as const);
  if (choice.chance(5)) policies.push(...choice.many(20, 60, () => [next(), writeScopes(writer)] as const));
  const source = { policies: Object.fromEntries(policies) };
  if (!choice.chance(30)) return source;
  const templates: [string, PolicyJson][] = [];
  const links: TemplateLink[] = [];
  for (let i = choice.int(1, 2); i > 0; i--) {
    const slots = choice.one(SLOTS);
    const templateId = next();
    templates.push([templateId, writePolicy(writer, slots)]);
    links.push(...choice.many(0, 2, () => ({ templateId, newId: next(), values: fill(writer, slots) })));
  }
  return { ...source, templates: Object.fromEntries(templates), links };
}

function fill(writer: Writer, slots: readonly Slot[]): TemplateLink["values"] {
  return Object.fromEntries(slots.map((slot) => [slot, { ...drawNamed(writer) }]));
}

function shuffled<T>({ choice }: Writer, items: readonly T[]): T[] {
  const left = [...items];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(choice.int(0, left.length - 1), 1));
  return order;
}
