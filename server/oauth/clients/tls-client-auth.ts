import { sha256Base64url } from "@countersign/proof/digest";
import { spiffeId } from "@countersign/proof/spiffe-id";
import { requireLeaf } from "@countersign/proof/svid";
import { VerificationError } from "@countersign/proof/verification-error";
import { type Certificate, distinguishedName, validatePath } from "@countersign/proof/x509";
import { isId } from "../../lib/index.ts";
import { findService, type Service } from "../../registry/index.ts";
import { readChain } from "../../spiffe/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { admitVouched, holdingOf } from "./admit-vouched.ts";
import { type ClientMethod, connects, notProven, refuseUnprovenLater } from "./method.ts";
import { authoritiesOf, deadKeyOfCertificate, type ServiceCertificate } from "./service-certificate.ts";
import { certificateOfService } from "./store-service-certificates.ts";

/**
 * A service proves the key of a certificate that an authority of the company has issued. Whose authority is
 * believed, and under which one name, an administrator has registered for this service and no other.
 * @see RFC 8705 §2.1
 */
export const tlsClientAuth: ClientMethod = {
  name: "tls_client_auth",
  certificate: true,
  isMeant: (_deps, offered) => connects(offered) && isId(offered.form.client_id ?? "", "service"),
  async authenticate(deps, offered) {
    const { peer } = offered.request ?? {};
    const clientId = offered.form.client_id ?? "";
    const registered = isId(clientId, "service")
      ? await certificateOfService(deps.database, clientId)
      : undefined;
    const service = await findService(deps, clientId);
    if (peer === undefined || registered === undefined || service === undefined) throw notProven();
    const expires = await refuseUnprovenLater(async () => verifiedUntil(deps, peer.chain, registered));
    return admitVouched(deps, offered, {
      stands: { of: { service }, instance: instanceOf(deps, service, registered), rev: [] },
      strength: "platform-federated",
      via: "client-certificate",
      evidence: `certificate ${peer.certificate}`,
      expires,
      issued: 0, // nothing of a service is proven anew
      ...holdingOf(deps, offered, peer, expires),
      rev: [deadKeyOfCertificate(registered)],
    });
  },
};

/** @returns until when the path holds. @throws VerificationError */
function verifiedUntil(
  deps: OauthDeps,
  attackerChain: readonly Uint8Array[],
  registered: ServiceCertificate,
): number {
  const [leaf, ...others] = readChain(attackerChain);
  requireLeaf(leaf);
  const expires = validatePath(leaf, others, authoritiesOf(registered), deps.clock.now());
  if (isNamed(leaf, registered.subject)) return expires;
  throw new VerificationError("wrong-subject", "the certificate is somebody else's");
}

/** Exactly the name that was registered; a certificate of several URIs would be several clients at once. */
function isNamed(leaf: Certificate, subject: ServiceCertificate["subject"]): boolean {
  if ("san_uri" in subject) return leaf.uris.length === 1 && leaf.uris[0] === subject.san_uri;
  if ("san_dns" in subject) return leaf.dnsNames.includes(subject.san_dns);
  return distinguishedName(leaf.subject) === subject.subject_dn;
}

/** One running copy for each registration, whatever certificate comes next. */
const instanceOf = (deps: OauthDeps, { name }: Service, { id }: ServiceCertificate): string =>
  spiffeId(deps.trustDomain, "service", name, `tls-${sha256Base64url(id)}`).uri;
