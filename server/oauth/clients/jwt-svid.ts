import { jwtSvid, type Svid, standsFor } from "../../spiffe/index.ts";
import { proveAnyKey } from "../dpop.ts";
import type { OneTimeProof } from "../one-time-proof.ts";
import { parameter } from "../parameters.ts";
import { admitOwn } from "./admit-own.ts";
import { admitVouched } from "./admit-vouched.ts";
import { asserts, type ClientMethod, notProven, refuseUnprovenLater } from "./method.ts";

/** `client_assertion_type` of a JWT-SVID. @see draft-ietf-oauth-spiffe-client-auth */
export const JWT_SVID_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

/**
 * A workload brings the JWT-SVID that its trust domain has signed. Whoever has seen one can send it again, and it
 * names no key: so the request itself must come with a DPoP proof, whose key is the workload's from then on. One that
 * we issued counts once.
 * @see draft-ietf-oauth-spiffe-client-auth, JWT-SVID §6
 */
export const spiffeJwt: ClientMethod = {
  name: "spiffe_jwt",
  certificate: false,
  isMeant: (_deps, offered) => asserts(offered, JWT_SVID_TYPE),
  async authenticate(deps, offered) {
    const { form, request } = offered;
    const attackerSvid = parameter(form, "client_assertion");
    const svid = await refuseUnprovenLater(() => jwtSvid(deps, attackerSvid));
    if (form.client_id !== undefined && form.client_id !== svid.id.uri) throw notProven();
    if (request === undefined) throw notProven();
    if (svid.own) {
      const { jkt, proof } = proveAnyKey(deps, request);
      const once = [proof, oneTime(svid)];
      return admitOwn(deps, offered, svid, { via: "jwt-svid", keys: [jkt], binding: { cnf: { jkt } }, once });
    }
    const stands = await standsFor(deps, svid.id);
    if (stands === undefined) throw notProven();
    const holder = proveAnyKey(deps, request);
    return admitVouched(deps, offered, {
      stands,
      strength: "attested-svid",
      via: "jwt-svid",
      evidence: `jwt-svid ${svid.id.uri}`,
      jwk: holder.jwk,
      expires: svid.expires,
      issued: svid.issued,
      binding: { cnf: { jkt: holder.jkt } },
      assertion: holder.proof,
      rev: svid.rev,
    });
  },
};

/**
 * One of ours counts once: its copy gets what it is issued at its full strength with whatever key comes along, so
 * whoever finds a used one must find nothing.
 */
function oneTime({ jti, expires }: Svid): OneTimeProof {
  if (jti === undefined) throw notProven();
  return { key: `svid|${jti}`, expires, refusal: "invalid-client" };
}
