import type { Json } from "@countersign/proof/jcs";
import type { Change } from "../../database/index.ts";
import { Fault } from "../../lib/index.ts";
import type { Check } from "../artifacts/check.ts";
import { RefusedLoudly } from "../attesting.ts";
import { tokenDoesNotWork } from "../enrol.ts";
import { hashOf, isUsable } from "../join-token.ts";
import { judgeMachine } from "../platforms/judge-machine.ts";
import type { ExpectedMachine } from "../platforms/machine.ts";
import type { MachineType } from "../platforms/machine-trust.ts";
import type { PlatformDeps } from "../platforms/platform-deps.ts";
import { joinTokenByHash, spendJoinToken } from "../store.ts";
import { requireChallenge } from "./challenge.ts";
import type { HostType } from "./host.ts";
import type { Joining } from "./join-host.ts";

/** A machine as its evidence shows it. */
export interface Machine {
  readonly name: string;
  readonly type: HostType;
  readonly selectors: readonly string[];
  /** What attests once only. */
  readonly once?: string;
  /** The revision of what was said about whose word counts. */
  readonly trust?: number;
  /** What of it is kept, sealed; no secret that still works. */
  readonly shown: Json;
  readonly checks: readonly Check[];
}

/**
 * Judges what a machine shows of itself.
 * @param jkt thumbprint of the key that it has proven
 * @throws Fault `unauthenticated`, `invalid`, with the reason
 */
export async function machineOf(
  deps: PlatformDeps,
  change: Change,
  joining: Joining,
  jkt: string,
): Promise<Machine> {
  if (joining.type === "join_token") return byJoinToken(deps, change, joining);
  const { attackerNonce: nonce } = joining;
  const challenge = nonce === undefined ? {} : { nonce, challenged: requireChallenge(deps, nonce) };
  const expected = { jkt, now: deps.clock.now(), ...challenge };
  return byPlatform(deps, { ...joining, type: joining.type }, expected);
}

/** A token that was real and is used up is no stranger's guess: it is recorded, and told in the same words. */
async function byJoinToken(deps: PlatformDeps, change: Change, joining: Joining): Promise<Machine> {
  const token = await joinTokenByHash(deps.database, hashOf(tokenIn(joining.attackerPayload)));
  if (token === undefined || token.kind !== "host") throw tokenDoesNotWork();
  const now = deps.clock.now();
  if (!isUsable(token, now)) throw new RefusedLoudly(tokenDoesNotWork(), () => {});
  spendJoinToken(change, token, now);
  return {
    name: token.principal,
    type: "join_token",
    selectors: [],
    shown: { type: "join_token", token: token.id },
    checks: [{ what: "join-token", subject: token.id, result: "passed" }],
  };
}

function tokenIn(attackerPayload: Json): string {
  const token = (attackerPayload as { token?: unknown } | null)?.token;
  if (typeof token === "string" && token.length <= 200) return token;
  throw new Fault("invalid", "There is no join token in this payload.", {
    remedy: "Send {token}.",
    members: { reason: "join-token" },
  });
}

/** Its surroundings vouch for it. A name that another kind of evidence has made is not taken over by this one. */
async function byPlatform(
  deps: PlatformDeps,
  { type, attackerPayload }: Joining & { readonly type: MachineType },
  expected: ExpectedMachine,
): Promise<Machine> {
  const judged = await judgeMachine(deps, { type, attackerPayload }, expected);
  const { host, selectors, once, trust, evidence } = judged;
  return {
    name: host,
    type,
    selectors,
    trust,
    shown: { type, evidence },
    checks: [{ what: `machine-${type}`, subject: host, result: "passed" }],
    ...(once === undefined ? {} : { once: `${type} ${once}` }),
  };
}
