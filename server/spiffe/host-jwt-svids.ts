import { attesting, livingHost, processOn } from "../attestation/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, minutes, type ServiceId } from "../lib/index.ts";
import {
  type Agent,
  aliveAgent,
  aliveService,
  blockedKindsOf,
  findInstance,
  type Instance,
  isLive,
  requireActiveAgent,
  requireActiveService,
} from "../registry/index.ts";
import { deadAmong, openKeys, requireAlive } from "../revocation/index.ts";
import { type IssuedJwtSvid, issueJwtSvid } from "./issue-jwt-svid.ts";
import { recordSvid } from "./record-svid.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";

/** Short: whoever sees one can show it. In milliseconds. */
const LIFETIME = minutes(5);

/** For which of its running copies a machine wants a JWT-SVID, and for whom that is. */
export interface JwtSvidAsked {
  readonly attackerInstance: string;
  readonly attackerAudience: readonly string[];
}

/**
 * Signs a JWT-SVID for a running copy that this machine attests, and that is alive.
 * @throws Fault `forbidden`, reason `instance-of-another`, and where its class or what it is made of is blocked
 *   (`image-blocked`); `gone`, reason `instance-ended`; `invalid` for an audience that is none
 */
export function issueJwtSvidForProcess(
  deps: SpiffeDeps,
  caller: Caller,
  { attackerInstance, attackerAudience }: JwtSvidAsked,
): Promise<IssuedJwtSvid> {
  const asked = { subject: attackerInstance, action: "workload.jwt-svid" };
  return attesting(deps, caller, asked, async (change) => {
    const instance = await livingCopyOn(deps, change, caller, attackerInstance);
    const expires = Math.min(deps.clock.now() + LIFETIME, instance.expires);
    const svid = await issueJwtSvid(deps, { id: instance.id, audience: attackerAudience, expires });
    const { jti: serial, expires: until } = svid;
    const audience = attackerAudience;
    recordSvid(deps, change, caller, {
      instance: instance.id,
      kind: "jwt",
      serial,
      expires: until,
      audience,
    });
    return svid;
  });
}

/** What was read must still hold at the commit: nobody is ended and issued an SVID at once. */
async function livingCopyOn(
  deps: SpiffeDeps,
  change: Change,
  caller: Caller,
  attackerInstance: string,
): Promise<Instance> {
  const process = await processOn(deps, change, await livingHost(deps, caller), attackerInstance);
  const instance = await findInstance(deps, process.instance);
  const keys = [`instance:${process.instance}`, ...process.rests];
  const alive = instance !== undefined && isLive(instance, deps.clock.now());
  if (!alive || (await deadAmong(deps, keys)).length > 0) throw ended();
  const agents = await accessOf(deps, change, instance);
  requireAlive(change, [...keys, ...(await openKeys(deps, blockedKindsOf(agents, instance)))]);
  return instance;
}

/** @returns the agent that it is a copy of; nobody for a service's */
async function accessOf(deps: SpiffeDeps, change: Change, instance: Instance): Promise<Agent[]> {
  if (instance.kind === "service") {
    requireActiveService(change, await aliveService(deps, instance.principal as ServiceId));
    return [];
  }
  const agent = await aliveAgent(deps, instance.principal);
  requireActiveAgent(deps, change, agent);
  return [agent];
}

const ended = (): Fault =>
  new Fault("gone", "This running copy has ended.", {
    remedy: "Attest the process as a new running copy.",
    members: { reason: "instance-ended" },
  });
