import cedar from "@cedar-policy/cedar-wasm/nodejs";

/** An expression in Cedar's JSON form, as these tests write it. */
export type Expression = { readonly [operator: string]: unknown };

const nobody = { type: "Nobody", id: "n" };

/**
 * Asks cedar-wasm what expressions without variables evaluate to. Many are asked in one call: each becomes
 * the condition of a permit, which is satisfied, not satisfied, or in error. For tests only.
 */
export function askOracle(expressions: readonly Expression[]): (boolean | "error")[] {
  const answer = cedar.isAuthorized({
    principal: nobody,
    action: { type: "Action", id: "ask" },
    resource: nobody,
    context: {},
    entities: [],
    policies: {
      staticPolicies: Object.fromEntries(expressions.map((body, index) => [`${index}`, permitWhen(body)])),
    },
  });
  if (answer.type !== "success") throw new Error(JSON.stringify(answer.errors.slice(0, 3)));
  const { reason, errors } = answer.response.diagnostics;
  const satisfied = new Set(reason);
  const failed = new Set(errors.map((error) => error.policyId));
  return expressions.map((_, index) => (failed.has(`${index}`) ? "error" : satisfied.has(`${index}`)));
}

function permitWhen(body: Expression): cedar.PolicyJson {
  const all = { op: "All" } as const;
  return {
    effect: "permit",
    principal: all,
    action: all,
    resource: all,
    conditions: [{ kind: "when", body: body as cedar.Expr }],
  };
}
