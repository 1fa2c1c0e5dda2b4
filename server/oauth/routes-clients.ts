import { z } from "zod";
import { route } from "../http/index.ts";
import { isId, type ServiceId } from "../lib/index.ts";
import {
  putServiceCertificate,
  removeServiceCertificate,
  serviceCertificateOrRefuse,
} from "./clients/put-service-certificate.ts";
import { certificateRegistration, type ServiceCertificate } from "./clients/service-certificate.ts";
import type { OauthDeps } from "./oauth-deps.ts";

const certificateAnswer = z.object({
  id: z.string(),
  service: z.string(),
  authorities: z.array(z.string()),
  subject: z.record(z.string(), z.string()),
  created: z.int(),
});

const isServiceId = (text: string): text is ServiceId => isId(text, "service");
const byService = z.strictObject({
  id: z.string().refine(isServiceId, "This is not the id of a service (service_...)."),
});
const oauth = route<OauthDeps>();

export const serviceCertificateShow = oauth({
  summary: "Shows by which certificates a service authenticates.",
  params: byService,
  answers: { 200: certificateAnswer },
  async handle(deps, _caller, { params }) {
    return { status: 200, body: shown(await serviceCertificateOrRefuse(deps, params.id)) };
  },
});

export const serviceCertificatePut = oauth({
  summary:
    "Says by which certificates a service authenticates (RFC 8705 §2.1): whose, and under which one name.",
  params: byService,
  body: certificateRegistration,
  answers: { 200: certificateAnswer },
  async handle(deps, caller, { params, body }) {
    const certificate = await putServiceCertificate(deps, caller, { id: params.id, registration: body });
    return { status: 200, body: shown(certificate) };
  },
});

export const serviceCertificateRemove = oauth({
  summary:
    "Ends that a service authenticates by certificates of an authority; what it was issued on them ends.",
  params: byService,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params }) {
    await removeServiceCertificate(deps, caller, { id: params.id });
    return { status: 204 };
  },
});

const shown = (certificate: ServiceCertificate) => ({
  ...certificate,
  authorities: [...certificate.authorities],
});
