import { restsOf } from "../../attestation/index.ts";
import { deadKeysOf, findInstance, type Instance, isLive } from "../../registry/index.ts";
import { deadAmong } from "../../revocation/index.ts";
import type { Svid } from "../../spiffe/index.ts";
import type { ProvenClient } from "../client.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { OneTimeProof } from "../one-time-proof.ts";
import type { Holding } from "./admit-vouched.ts";
import { callerOf, notProven, type Offered } from "./method.ts";

/** What came with an SVID of ours. */
export interface BroughtOwn extends Pick<Holding, "binding"> {
  /** How it came in, for the log. */
  readonly via: string;
  /** RFC 7638 thumbprints of the keys that it has proven to hold. */
  readonly keys: readonly string[];
  /** What of it counts once. */
  readonly once: readonly OneTimeProof[];
}

/**
 * The running copy to which we issued the SVID that it brings. It is on record already, as strong as its evidence
 * was, and stays as it is there; who has ended since is nobody, however long its SVID would still be good, and so is
 * whoever was attested by a machine or an entry that is no more.
 * @throws Fault `invalid-client`
 */
export async function admitOwn(
  deps: OauthDeps,
  offered: Offered,
  svid: Svid,
  { via, keys, binding, once }: BroughtOwn,
): Promise<ProvenClient> {
  const instance = await findInstance(deps, svid.id.uri);
  if (instance === undefined || !mayAsk(deps, instance)) throw notProven();
  const rests = [...(await restsOf(deps, instance.id)), ...keys.map((thumbprint) => `jkt:${thumbprint}`)];
  if ((await deadAmong(deps, [...deadKeysOf(instance), ...rests])).length > 0) throw notProven();
  const { jkt } = binding.cnf;
  return {
    instance,
    caller: { ...callerOf(instance, offered, via), ...(jkt === undefined ? {} : { keyThumbprint: jkt }) },
    binding,
    once,
    rev: [...svid.rev, ...rests],
  };
}

/** A copy that a person made for one task has that task's tokens, and no authority to ask for others. */
const mayAsk = ({ clock }: OauthDeps, instance: Instance): boolean =>
  isLive(instance, clock.now()) && instance.task === undefined;
