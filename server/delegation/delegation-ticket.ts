import { delegationTokenType, issueDelegationToken } from "@countersign/proof/delegation-token";
import { type Caller, Fault, inSeconds, newId } from "../lib/index.ts";
import { type Chain, expiryOf, leafOf } from "./chain.ts";
import { chainOf, subjectOf } from "./chain-of.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { aboutTask, isPersonOf } from "./task.ts";

export interface Ticket {
  /** A signed delegation token (`delegation+jwt`). It carries no authority of its own. */
  readonly token: string;
  /** The `subject_token_type` under which it is exchanged. */
  readonly type: typeof delegationTokenType;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/**
 * Signs the ticket by which an agent refers to a delegation at the token endpoint. The delegator may have
 * it, to hand it on, and the receiving agent itself; useful it is to the receiving agent only.
 * @throws Fault `not-found`, also for everybody else; `gone` when the chain has ended
 */
export async function delegationTokenFor(
  deps: DelegationDeps,
  caller: Caller,
  input: { edge: string },
): Promise<Ticket> {
  const chain = await chainOf(deps, input.edge);
  if (!mayHave(chain, caller)) {
    throw new Fault("not-found", "There is no such delegation.", {
      remedy: "Ask whoever delegated to you for its id.",
      record: { about: aboutTask(chain.task) },
    });
  }
  const iat = inSeconds(deps.clock.now());
  const expires = inSeconds(expiryOf(chain));
  if (expires <= iat)
    throw new Fault("gone", "This delegation is about to expire.", { remedy: "Ask for a new one." });
  const { edge, to } = leafOf(chain);
  const token = issueDelegationToken(
    {
      iss: deps.issuer,
      aud: deps.issuer,
      sub: subjectOf(deps, chain),
      may_act: { sub: to },
      edge,
      task: chain.task.id,
      iat,
      exp: expires,
      jti: newId(deps, "jti"),
    },
    deps.keys.signer("delegation"),
  );
  return { token, type: delegationTokenType, expires };
}

function mayHave(chain: Chain, caller: Caller): boolean {
  const { from, to } = leafOf(chain);
  if (caller.kind === "agent") return caller.principal === to || caller.principal === from;
  return isPersonOf(chain.task, caller) && caller.principal === from;
}
