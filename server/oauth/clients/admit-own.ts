import { deadKeysOf, findInstance, type Instance, isLive } from "../../registry/index.ts";
import { deadAmong } from "../../revocation/index.ts";
import type { Svid } from "../../spiffe/index.ts";
import type { ProvenClient } from "../client.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { Holding } from "./admit-vouched.ts";
import { callerOf, notProven, type Offered } from "./method.ts";

/**
 * The running copy to which we issued the SVID that it brings. It is on record already, as strong as its evidence
 * was, and stays as it is there; who has ended since is nobody, however long its SVID would still be good.
 * @param via how it came in, for the log
 * @throws Fault `invalid-client`
 */
export async function admitOwn(
  deps: OauthDeps,
  offered: Offered,
  svid: Svid,
  { via, binding, assertion }: Pick<Holding, "binding" | "assertion"> & { readonly via: string },
): Promise<ProvenClient> {
  const instance = await findInstance(deps, svid.id.uri);
  if (instance === undefined || !(await stands(deps, instance))) throw notProven();
  const { jkt } = binding.cnf;
  return {
    instance,
    caller: { ...callerOf(instance, offered, via), ...(jkt === undefined ? {} : { keyThumbprint: jkt }) },
    binding,
    ...(assertion === undefined ? {} : { assertion }),
    rev: svid.rev,
  };
}

/** A copy that a person made for one task has that task's tokens, and no authority to ask for others. */
async function stands(deps: OauthDeps, instance: Instance): Promise<boolean> {
  if (!isLive(instance, deps.clock.now()) || instance.task !== undefined) return false;
  return (await deadAmong(deps, deadKeysOf(instance))).length === 0;
}
