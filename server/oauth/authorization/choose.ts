import type { Grant } from "@countersign/proof/grant";
import { perform } from "../../audit/index.ts";
import { closeTask, openTask, type Task } from "../../delegation/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { keepTask } from "../store-authorizations.ts";
import type { Authorization } from "./authorization.ts";
import { ownAuthorization } from "./own.ts";

export interface Choice {
  readonly id: string;
  /** Places in the offer that she leaves; the rest is taken away. */
  readonly places: readonly number[];
  /** What she wants done, in her own words; none of the client's ever stand there. */
  readonly instruction?: string | undefined;
  /** How long it may last, in milliseconds. */
  readonly expiresIn: number;
}

/**
 * A person chooses what of the offer she would give, and for what: a task is opened that waits for her
 * signature. Choosing again closes the one before.
 * @throws Fault `not-found`, `gone` as `ownAuthorization`; `invalid` for places that are not there; what
 *   `openTask` throws
 */
export async function chooseGrants(deps: OauthDeps, caller: Caller, choice: Choice): Promise<Task> {
  const authorization = await ownAuthorization(deps, caller, choice.id);
  if (authorization.task !== undefined) await closeTask(deps, caller, { task: authorization.task });
  const task = await openTask(deps, caller, {
    person: authorization.person,
    agent: authorization.agent,
    instruction: choice.instruction ?? `Work with me in ${authorization.agent}, within what I give it here.`,
    purpose: authorization.attackerPurpose ?? `Interactive work with ${authorization.agent}`,
    grants: chosenFrom(authorization, choice.places),
    expiresIn: choice.expiresIn,
    deadlineIn: choice.expiresIn,
  });
  return perform(deps, caller, "authorization.choose", async (change) => {
    const current = await ownAuthorization(deps, caller, choice.id);
    if (current.task !== authorization.task) throw anotherChoice();
    keepTask(change, current, task.id);
    return task;
  });
}

function chosenFrom({ offered }: Authorization, places: readonly number[]): Grant[] {
  const chosen = [...new Set(places)].map((place) => offered[place]);
  const known = chosen.filter((grant) => grant !== undefined);
  if (known.length > 0 && known.length === places.length) return known;
  throw new Fault("invalid", "Choose at least one of what is offered.", { remedy: "Or refuse the request." });
}

const anotherChoice = (): Fault =>
  new Fault("conflict", "You chose in another window meanwhile.", { remedy: "Look at the request again." });
