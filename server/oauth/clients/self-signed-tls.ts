import { X509Certificate } from "node:crypto";
import { findInstance, type Instance, isLive } from "../../registry/index.ts";
import { isOwnX509Svid } from "../../spiffe/index.ts";
import { proveAnyKey } from "../dpop.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { type ClientMethod, callerOf, connects, notProven, type Offered, refuseUnproven } from "./method.ts";

/**
 * A running copy of a service proves its enrolled key when the connection is made. The certificate may be signed
 * by itself: it is the key in it that was enrolled. Agents do not come this way.
 * @see RFC 8705 §2.2
 */
export const selfSignedTls: ClientMethod = {
  name: "self_signed_tls_client_auth",
  certificate: true,
  async isMeant(deps, offered) {
    if (!connects(offered)) return false;
    const known = await findInstance(deps, offered.form.client_id ?? "");
    if (known === undefined || known.vouched) return false;
    // The certificate that we issued to it is an SVID, whatever key is in it.
    return !(await isOwnX509Svid(deps, offered.request?.peer?.chain));
  },
  async authenticate(deps, offered) {
    const { peer } = offered.request ?? {};
    const instance = await findInstance(deps, offered.form.client_id ?? "");
    if (instance === undefined || peer === undefined || !isService(deps, instance)) throw notProven();
    if (instance.thumbprint !== peer.thumbprint) throw notProven();
    const expires = timelyUntil(deps, peer.chain[0]);
    const proven = { instance, caller: callerOf(instance, offered, "client-certificate"), rev: [] };
    const cnf = { "x5t#S256": peer.certificate };
    return {
      ...proven,
      ...(boundByDpop(deps, offered, instance) ?? { binding: { cnf, expires }, once: [] }),
    };
  },
};

const isService = (deps: OauthDeps, instance: Instance): boolean =>
  instance.kind === "service" && isLive(instance, deps.clock.now()) && !instance.vouched;

/** Where a DPoP proof is sent, it is by the enrolled key as well. */
function boundByDpop(deps: OauthDeps, { request }: Offered, { thumbprint }: Instance) {
  if (request?.headers.dpop === undefined) return undefined;
  const { jkt, proof } = proveAnyKey(deps, request);
  if (jkt !== thumbprint) throw notProven();
  return { binding: { cnf: { jkt } }, once: [proof] };
}

/** What is bound to a certificate ends with it. @throws Fault `invalid-client` outside its time */
function timelyUntil(deps: OauthDeps, attackerDer: Uint8Array = new Uint8Array()): number {
  const { validFromDate, validToDate } = refuseUnproven(() => new X509Certificate(attackerDer));
  const now = deps.clock.now();
  if (validFromDate.getTime() <= now && now < validToDate.getTime()) return validToDate.getTime();
  throw notProven();
}
