import { compile } from "../../compile.ts";
import type { EntityStore } from "../../entity.ts";
import { readEntities } from "../../entity-store.ts";
import { parsePolicies } from "../../parse.ts";
import type { EntityUid, ExprJson } from "../../policy-json.ts";
import type { PolicySet } from "../../policy-set.ts";
import type { PartialRequest } from "../request.ts";
import type { Residual } from "../residual.ts";

/** For tests: a small world in which Ann, of the staff, reads documents. */
export const ann: EntityUid = { type: "User", id: "ann" };
export const bob: EntityUid = { type: "User", id: "bob" };
export const staff: EntityUid = { type: "Group", id: "staff" };
export const plan: EntityUid = { type: "Doc", id: "plan" };
export const read: EntityUid = { type: "Action", id: "read" };

export const entities: EntityStore = readEntities([
  { uid: ann, attrs: { limit: 50, level: 9007199254740993n, docs: [{ __entity: plan }] }, parents: [staff] },
  { uid: bob, attrs: { limit: 5 }, parents: [] },
  { uid: staff, attrs: {}, parents: [] },
  { uid: plan, attrs: { owner: { __entity: ann }, open: true }, parents: [] },
]);

/** The policies of a text, by position: `policy0`, `policy1`, … */
export function policies(text: string): PolicySet {
  const { source, problems } = parsePolicies(text);
  if (source === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
  return compile(source);
}

/** Ann reads a document that is not known yet, unless said otherwise. */
export function ask(text: string, request: Partial<PartialRequest> = {}): Residual {
  const known = { principal: ann, action: read, resource: { unknown: undefined }, context: {} };
  return policies(text).partial({ ...known, ...request }, entities);
}

/** What remains of a permit with this condition; undefined where nothing does. */
export function remainder(condition: string, request: Partial<PartialRequest> = {}): ExprJson | undefined {
  return ask(`permit(principal, action, resource) when { ${condition} };`, request).residuals[0]?.condition;
}

/** An expression in Cedar's JSON form. */
export function expression(text: string): ExprJson {
  const body = policies(`permit(principal, action, resource) when { ${text} };`).policies[0]?.json
    .conditions[0]?.body;
  if (body === undefined) throw new Error("no expression");
  return body;
}
