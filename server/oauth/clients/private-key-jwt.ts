import {
  clientAssertionType,
  peekClientId,
  verifyClientAssertion,
} from "@countersign/proof/client-assertion";
import { restsOf, restsOnPlatform } from "../../attestation/index.ts";
import { findInstance, type Instance, isLive } from "../../registry/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { parameter } from "../parameters.ts";
import { asserts, type ClientMethod, callerOf, notProven, refuseUnproven } from "./method.ts";

/**
 * A running copy proves the key that it enrolled with. Its client id is its SPIFFE ID. One for which others
 * vouch does not come this way: whether they still do would not be asked. But where a platform has vouched for the
 * very key, for a while, it does: what it is issued dies with the platform's word.
 * @see RFC 7523 §2.2, OpenID Connect Core §9
 */
export const privateKeyJwt: ClientMethod = {
  name: "private_key_jwt",
  certificate: false,
  isMeant: (_deps, offered) => asserts(offered, clientAssertionType),
  async authenticate(deps, offered) {
    const { form } = offered;
    const attackerAssertion = parameter(form, "client_assertion");
    const clientId = refuseUnproven(() => peekClientId(attackerAssertion));
    if (form.client_id !== undefined && form.client_id !== clientId) throw notProven();
    const instance = await findInstance(deps, clientId);
    if (instance === undefined || !isLive(instance, deps.clock.now())) throw notProven();
    const rev = await restsOnPlatform(deps, instance);
    if (instance.vouched && rev.length === 0) throw notProven();
    // A copy that a person made for one task has that task's tokens, and no authority to ask for others.
    if (instance.task !== undefined) throw notProven();
    const { jti, expiresAt } = refuseUnproven(() =>
      verifyClientAssertion(attackerAssertion, {
        clientId,
        issuer: deps.issuer,
        resolve: () => deps.holderKeys.import(instance.jwk, instance.thumbprint),
        now: deps.clock.now(),
      }),
    );
    return {
      instance,
      caller: callerOf(instance, offered, "client-assertion"),
      once: [{ key: `assertion|${clientId}|${jti}`, expires: expiresAt, refusal: "invalid-client" }],
      rev: [...rev, ...(await restsOnVoucher(deps, instance))],
    };
  },
};

/**
 * One that a process vouches for ends with that process, and with what that rests on.
 * @throws Fault `invalid-client` where nobody knows any more who vouches for it
 */
async function restsOnVoucher(deps: OauthDeps, { id, strength }: Instance): Promise<readonly string[]> {
  if (strength !== "in-process") return [];
  const rests = await restsOf(deps, id);
  if (rests.length === 0) throw notProven();
  return rests;
}
