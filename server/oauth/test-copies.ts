/** For tests only: a copy of an agent within a process that a machine attests. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type Host, issueJoinToken, joinHost, putEntry, vouchWithin } from "../attestation/index.ts";
import type { Running } from "../delegation/fixture.ts";
import { type Enrolled, stranger } from "../login/fixture.ts";
import { attestProcesses } from "../spiffe/index.ts";
import { agentCaller, vouchingAt } from "../spiffe/test-agents.ts";
import { asking, hostCallerOf, joining, ON_BUILD, PLANNER } from "../spiffe/test-hosts.ts";
import type { OauthDeps } from "./oauth-deps.ts";

const newKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A copy that its process vouches for, the machine and that process. */
export interface Within extends Running {
  readonly host: Host;
  readonly voucher: string;
}

/** Planner's process on a new machine vouches for a copy of this agent, which has an entry that lets it. */
export async function runWithin(
  deps: OauthDeps,
  { caller: administrator }: Enrolled,
  { agent, machine }: { agent: string; machine: string },
): Promise<Within> {
  const at = (principal: string) => ({ kind: "agent", principal, name: "main" }) as const;
  const process = { place: at("planner"), said: { selectors: [...PLANNER], hosts: [...ON_BUILD] } };
  const entry = await putEntry(deps, administrator, process);
  await putEntry(deps, administrator, { place: at(agent), said: { vouched_by: ["planner"] } });
  const { token } = await issueJoinToken(deps, administrator, { host: machine });
  const host = await joinHost(deps, stranger, joining(deps, { token }, newKey()));
  const [answer] = await attestProcesses(deps, hostCallerOf(host), [asking(entry.id, newKey())]);
  if (answer === undefined || "refused" in answer) throw new Error(JSON.stringify(answer));
  const key = newKey();
  const voucher = answer.instance;
  const vouching = vouchingAt(deps.clock.now(), agent, voucher, key);
  const instance = await vouchWithin(deps, agentCaller("planner", voucher), vouching);
  const caller = { ...agentCaller(agent, instance.id), strength: instance.strength };
  return { instance, key, caller, host, voucher };
}
