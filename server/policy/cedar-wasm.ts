import { type Entities, preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import type { Engine, EngineRequest, Evaluation } from "./engine.ts";
import type { Policy } from "./policy.ts";

type StatedPolicy = Pick<Policy, "id" | "effect" | "text">;

/**
 * Where prepared policies live inside the WebAssembly module. It keeps every name it ever saw, so the names
 * are few and fixed: one for what decides, one for what decides beside it.
 */
export type Slot = "active" | "candidate";

const EFFECTS = ["permit", "forbid"] as const;

/** Whose policies a slot holds now. The module is one for the whole process, and so is this. */
const heldBy = new Map<Slot, Engine>();

/**
 * Cedar by its own implementation, compiled to WebAssembly. Permits and forbids are evaluated apart, because
 * Cedar names the satisfied permits only where nothing forbids.
 * @throws Error when the policies cannot be parsed
 */
export function cedarWasmEngine(slot: Slot, policies: readonly StatedPolicy[]): Engine {
  const engine: Engine = {
    evaluate(request) {
      if (heldBy.get(slot) !== engine) prepare(slot, policies, engine);
      const permits = ask(`${slot}/permit`, request);
      const forbids = ask(`${slot}/forbid`, request);
      return {
        satisfiedPermits: permits.satisfied,
        satisfiedForbids: forbids.satisfied,
        erroring: [...permits.erroring, ...forbids.erroring],
      };
    },
  };
  prepare(slot, policies, engine);
  return engine;
}

function prepare(slot: Slot, policies: readonly StatedPolicy[], engine: Engine): void {
  heldBy.delete(slot);
  for (const effect of EFFECTS) {
    const chosen = policies.filter((policy) => policy.effect === effect);
    const staticPolicies = Object.fromEntries(chosen.map(({ id, text }) => [id, text]));
    const answer = preparsePolicySet(`${slot}/${effect}`, { staticPolicies });
    if (answer.type === "failure")
      throw new Error(`Cedar cannot parse the policies: ${answer.errors[0]?.message}`);
  }
  heldBy.set(slot, engine);
}

interface HalfAnswer {
  readonly satisfied: readonly string[];
  readonly erroring: Evaluation["erroring"];
}

function ask(preparsedPolicySetId: string, request: EngineRequest): HalfAnswer {
  const answer = statefulIsAuthorized({
    ...request,
    context: { ...request.context },
    // Its declaration forgets tags, which it reads, and that it changes nothing of what it is given.
    entities: request.entities as unknown as Entities,
    preparsedPolicySetId,
    validateRequest: false,
  } as Parameters<typeof statefulIsAuthorized>[0]);
  if (answer.type === "failure")
    throw new Error(`Cedar cannot evaluate the request: ${answer.errors[0]?.message}`);
  const { reason, errors } = answer.response.diagnostics;
  return {
    satisfied: [...reason].sort(),
    erroring: errors
      .map(({ policyId, error }) => ({ policy: policyId, message: error.message }))
      .sort(byPolicy),
  };
}

/** Cedar answers in no order; the same question must get the same answer. */
const byPolicy = (a: { policy: string }, b: { policy: string }): number => (a.policy < b.policy ? -1 : 1);
