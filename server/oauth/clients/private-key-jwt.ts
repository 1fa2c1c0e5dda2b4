import {
  clientAssertionType,
  peekClientId,
  verifyClientAssertion,
} from "@countersign/proof/client-assertion";
import { restsOf } from "../../attestation/index.ts";
import { findInstance, isLive } from "../../registry/index.ts";
import { parameter } from "../parameters.ts";
import { asserts, type ClientMethod, callerOf, notProven, refuseUnproven } from "./method.ts";

/**
 * A running copy proves the key that it enrolled with. Its client id is its SPIFFE ID. One for which others
 * vouch does not come this way: whether they still do would not be asked.
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
    if (instance === undefined || !isLive(instance, deps.clock.now()) || instance.vouched) throw notProven();
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
      assertion: { key: `assertion|${clientId}|${jti}`, expires: expiresAt, refusal: "invalid-client" },
      // One that a process vouches for ends with that, and with what that rests on.
      rev: instance.strength === "in-process" ? await restsOf(deps, instance.id) : [],
    };
  },
};
