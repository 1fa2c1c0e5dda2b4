import { describe } from "@countersign/proof/grant";
import type { Change } from "../database/index.ts";
import {
  type Delegation,
  type DelegationDeps,
  type Extension,
  type ExtensionRequest,
  extend,
  leafOf,
  readExtension,
  seenTask,
} from "../delegation/index.ts";
import { type Allow, type Caller, inSeconds } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { authorize } from "./authorize.ts";
import { reserve } from "./reserve.ts";
import { spend } from "./spend.ts";

/**
 * An agent passes part of its authority on: read, decided and recorded in the caller's change.
 * @throws Fault `not-found`, `gone`, `denied`, `forbidden` for whoever does not hold the edge;
 *   `approval-required`
 */
export async function passOn(
  deps: ApprovalsDeps & DelegationDeps,
  change: Change,
  caller: Caller,
  request: ExtensionRequest,
): Promise<Delegation> {
  const extension = await readExtension(deps, caller, request);
  const question = questionOf(deps, caller, extension, request.expiresIn);
  const allow = await authorize<"delegate">(deps, change, caller, question);
  const edge = await extend(deps, change, caller, allow, extension);
  await useApproval(deps, change, caller, allow, edge);
  return edge;
}

/** A yes to this delegation is for this delegation: taken and used up by the edge that it lets exist. */
async function useApproval(
  deps: ApprovalsDeps,
  change: Change,
  caller: Caller,
  { approval }: Allow<"delegate">,
  { id, expires }: Delegation,
): Promise<void> {
  if (approval === undefined) return;
  reserve(deps, change, approval, { jti: id, expires });
  await spend(deps, change, caller, { approval, jti: id });
}

function questionOf(
  deps: ApprovalsDeps,
  caller: Caller,
  extension: Extension,
  expiresIn: number | undefined,
): Question & { action: "delegate" } {
  const { chain, delegator, authority } = extension;
  return {
    action: "delegate",
    agent: delegator,
    ...(chain.principal === undefined ? {} : { person: chain.principal }),
    ...(caller.instance === undefined ? {} : { instance: caller.instance }),
    strength: caller.strength,
    task: seenTask(chain.task),
    chain: { depth: chain.links.length, agents: chain.agents.map(({ name }) => name), hash: chain.hash },
    authority,
    resource: { location: deps.issuer, name: "countersign" },
    args: {},
    holder: leafOf(chain).edge,
    delegate: delegated(extension, expiresIn),
    now: deps.clock.now(),
  };
}

/** What a yes would be for. Lifetime and purpose are part of it: a yes to an hour is none to a week. */
const delegated = (
  { target, grants, depth, purpose }: Extension,
  expiresIn: number | undefined,
): NonNullable<Question["delegate"]> => ({
  to: target.name,
  toClass: target.class,
  grants: grants.map(describe),
  depth,
  expiresIn: expiresIn === undefined ? null : inSeconds(expiresIn),
  purpose,
});
