import { sha256Base64url } from "@countersign/proof/digest";
import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault, newId, type ServiceId } from "../../lib/index.ts";
import { accepted, requireAdministrator, type Service, serviceOrRefuse } from "../../registry/index.ts";
import { revoke } from "../../revocation/index.ts";
import { serviceCertificateRegistered, serviceCertificateRemoved } from "../events.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import {
  authoritiesOf,
  type CertificateRegistration,
  certificateRegistration,
  deadKeyOfCertificate,
  type ServiceCertificate,
} from "./service-certificate.ts";
import { certificateOfService, deleteCertificate, insertCertificate } from "./store-service-certificates.ts";

/**
 * Says by which certificates a service authenticates. What it was issued on those before is dead.
 * @throws Fault `forbidden`; `invalid`; `not-found`
 */
export function putServiceCertificate(
  deps: OauthDeps,
  caller: Caller,
  { id, registration }: { id: ServiceId; registration: CertificateRegistration },
): Promise<ServiceCertificate> {
  return perform(deps, caller, "service.certificate.put", async (change) => {
    requireAdministrator(caller);
    const { authorities, subject } = accepted("certificate", certificateRegistration, registration);
    const service = await serviceOrRefuse(deps, id);
    const before = await certificateOfService(deps.database, service.id);
    if (before !== undefined) {
      deleteCertificate(change, before);
      revoke(deps, change, caller, [deadKeyOfCertificate(before)], "service certificate replaced");
    }
    const after: ServiceCertificate = {
      id: newId(deps, "workload"),
      service: service.id,
      authorities,
      subject,
      created: deps.clock.now(),
    };
    insertCertificate(change, after);
    append(change, serviceCertificateRegistered(deps, caller, aboutOf(service), factsOf(after)));
    return after;
  });
}

/**
 * A service authenticates by no certificate of an authority any more, and what it was issued on one is dead.
 * @throws Fault `forbidden`; `not-found`
 */
export function removeServiceCertificate(
  deps: OauthDeps,
  caller: Caller,
  { id }: { id: ServiceId },
): Promise<ServiceCertificate> {
  return perform(deps, caller, "service.certificate.remove", async (change) => {
    requireAdministrator(caller);
    const service = await serviceOrRefuse(deps, id);
    const before = await serviceCertificateOrRefuse(deps, id);
    deleteCertificate(change, before);
    revoke(deps, change, caller, [deadKeyOfCertificate(before)], "service certificate removed");
    append(change, serviceCertificateRemoved(deps, caller, aboutOf(service), factsOf(before)));
    return before;
  });
}

/** @throws Fault `not-found` */
export async function serviceCertificateOrRefuse(
  deps: OauthDeps,
  id: ServiceId,
): Promise<ServiceCertificate> {
  const certificate = await certificateOfService(deps.database, id);
  if (certificate !== undefined) return certificate;
  throw new Fault("not-found", "This service authenticates by no certificate of an authority.", {
    remedy: "Register whose certificates it has, and under which name.",
  });
}

const aboutOf = ({ owner }: Service) => ({ person: owner });

const factsOf = (certificate: ServiceCertificate) => ({
  id: certificate.id,
  service: certificate.service,
  subject: certificate.subject,
  authorities: authoritiesOf(certificate).map(({ raw }) => sha256Base64url(raw)),
});
