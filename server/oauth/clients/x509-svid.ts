import { thumbprint } from "@countersign/proof/jwk";
import { findInstance } from "../../registry/index.ts";
import { isOwnX509Svid, standsFor, x509Svid } from "../../spiffe/index.ts";
import { admitOwn } from "./admit-own.ts";
import { admitVouched, holdingOf } from "./admit-vouched.ts";
import { type ClientMethod, connects, notProven, refuseUnprovenLater } from "./method.ts";

/**
 * A workload proves, when the connection is made, the key of the X.509-SVID that its trust domain has signed.
 * It must also say who it is: the one SPIFFE ID in the certificate.
 * @see draft-ietf-oauth-spiffe-client-auth, X509-SVID §5
 */
export const spiffeX509: ClientMethod = {
  name: "spiffe_x509",
  certificate: true,
  async isMeant(deps, offered) {
    const clientId = offered.form.client_id ?? "";
    if (!connects(offered) || !clientId.startsWith("spiffe://")) return false;
    const known = await findInstance(deps, clientId);
    return known === undefined || known.vouched || (await isOwnX509Svid(deps, offered.request?.peer?.chain));
  },
  async authenticate(deps, offered) {
    const { peer } = offered.request ?? {};
    if (peer === undefined) throw notProven();
    const svid = await refuseUnprovenLater(() => x509Svid(deps, peer.chain));
    if (offered.form.client_id !== svid.id.uri) throw notProven();
    if (svid.own) {
      const holding = holdingOf(deps, offered, peer, svid.expires);
      const keys = [...new Set([peer.thumbprint, thumbprint(holding.jwk)])];
      const once = holding.assertion === undefined ? [] : [holding.assertion];
      return admitOwn(deps, offered, svid, { via: "x509-svid", keys, binding: holding.binding, once });
    }
    const stands = await standsFor(deps, svid.id);
    if (stands === undefined) throw notProven();
    return admitVouched(deps, offered, {
      stands,
      strength: "attested-svid",
      via: "x509-svid",
      evidence: `x509-svid ${svid.id.uri} ${peer.certificate}`,
      expires: svid.expires,
      issued: svid.issued,
      ...holdingOf(deps, offered, peer, svid.expires),
      rev: svid.rev,
    });
  },
};
