/** Policies for the benchmarks, as an organisation with many tools has them. Nothing here is random. */
import type { ExprJson, PolicyJson } from "@countersign/cedar";

/** How many hold for every request, whoever asks for whatever: the rest name an action, a group or a type. */
export const UNSCOPED = 10;

/** Of these everybody is in two. */
export const GROUPS = 5;

/** Each tool is named by five policies, so there are more tools where there are more policies. */
const POLICIES_PER_TOOL = 5;

export const tools = (policies: number): number =>
  Math.max(1, Math.floor((policies - UNSCOPED) / POLICIES_PER_TOOL));

/** So many policies, by id; of them `UNSCOPED` without a scope. */
export function policies(count: number): Record<string, PolicyJson> {
  const all = Array.from({ length: count }, (_, i): [string, PolicyJson] => [
    `policy${i}`,
    i < UNSCOPED ? unscoped(i) : scoped(i - UNSCOPED, tools(count)),
  ]);
  return Object.fromEntries(all);
}

const ANY = { op: "All" } as const;

/** What holds for all: the thresholds and closed seasons of an organisation, each of another kind of expression. */
function unscoped(i: number): PolicyJson {
  const conditions: ExprJson[] = [
    binary(">", attribute("context", "risk"), { Value: 80 + i }),
    binary("==", attribute("principal", "status"), { Value: "suspended" }),
    binary("contains", attribute("resource", "labels"), { Value: `frozen-${i}` }),
    { greaterThan: [attribute("context", "amount"), { decimal: [{ Value: "50000.0" }] }] },
    { like: { left: attribute("resource", "name"), pattern: [{ Literal: "tmp-" }, "Wildcard"] } },
  ];
  const body = conditions[i % conditions.length];
  if (body === undefined) throw new RangeError("there is no such condition");
  return {
    effect: "forbid",
    principal: ANY,
    action: ANY,
    resource: ANY,
    conditions: [{ kind: "when", body }],
  };
}

/** What a tool's owners wrote for it: who may call it, on what, up to which amount. */
function scoped(i: number, toolCount: number): PolicyJson {
  const action: PolicyJson["action"] = { op: "==", entity: { type: "Action", id: `tool${i % toolCount}` } };
  const group: PolicyJson["principal"] = { op: "in", entity: { type: "Group", id: `group${i % GROUPS}` } };
  const within = binary("<=", attribute("context", "count"), { Value: 10 + (i % 90) });
  const owned = binary("==", attribute("resource", "owner"), { Var: "principal" });
  const body = binary("&&", within, i % 2 === 0 ? owned : within);
  return {
    effect: i % 9 === 8 ? "forbid" : "permit",
    principal: i % 3 === 0 ? ANY : group,
    action,
    resource: i % 2 === 0 ? { op: "is", entity_type: "Document" } : ANY,
    conditions: [{ kind: "when", body }],
  };
}

const attribute = (of: "principal" | "resource" | "context", attr: string): ExprJson => ({
  ".": { left: { Var: of }, attr },
});

const binary = (operator: ">" | "<=" | "==" | "&&" | "contains", left: ExprJson, right: ExprJson): ExprJson =>
  ({ [operator]: { left, right } }) as unknown as ExprJson;
