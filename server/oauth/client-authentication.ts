import type { RawRequest } from "../http/index.ts";
import type { Caller, ServiceId } from "../lib/index.ts";
import { aliveAgent, aliveService, type Instance } from "../registry/index.ts";
import type { Client, ProvenClient } from "./client.ts";
import { spiffeJwt } from "./clients/jwt-svid.ts";
import { type ClientMethod, notProven, type Offered } from "./clients/method.ts";
import { platformJwt } from "./clients/platform-jwt.ts";
import { privateKeyJwt } from "./clients/private-key-jwt.ts";
import { selfSignedTls } from "./clients/self-signed-tls.ts";
import { tlsClientAuth } from "./clients/tls-client-auth.ts";
import { spiffeX509 } from "./clients/x509-svid.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import type { Form } from "./parameters.ts";

/** All the ways in which a client can prove who it is. There are no secrets among them. */
const METHODS: readonly ClientMethod[] = [
  platformJwt,
  privateKeyJwt,
  spiffeJwt,
  spiffeX509,
  tlsClientAuth,
  selfSignedTls,
];

/** Their names, for the metadata. @param clientCertificates whether clients' certificates are seen */
export const methodsOffered = (clientCertificates: boolean): string[] =>
  METHODS.filter(({ certificate }) => clientCertificates || !certificate).flatMap(({ name = [] }) => name);

/**
 * Authenticates a running copy by the one method that it means. What counts once of it whoever goes on must
 * burn, and then judge by `activeClient`, so that what is refused from here on stands in the log with the one
 * who has proven itself.
 * @param request with it, SVIDs and certificates are taken as well
 * @throws Fault `invalid-client`, always in the same words; `invalid-dpop-proof`, `forbidden`
 */
export async function authenticateClient(
  deps: OauthDeps,
  source: Caller,
  form: Form,
  request?: RawRequest,
): Promise<ProvenClient> {
  const offered: Offered = { source, form, request };
  refuseSecrets(offered);
  for (const method of METHODS)
    if (await method.isMeant(deps, offered)) return method.authenticate(deps, offered);
  throw notProven();
}

/** Whoever sends a secret has one lying about, and believes that it is worth something here. */
function refuseSecrets({ form, request }: Offered): void {
  if (form.client_secret !== undefined || request?.headers.authorization !== undefined) throw notProven();
}

/**
 * Lets only a client pass whose agent or service is active.
 * @throws Fault `forbidden` otherwise
 */
export async function activeClient(deps: OauthDeps, proven: ProvenClient): Promise<Client> {
  return { ...proven, principal: await principalOf(deps, proven.instance) };
}

async function principalOf(deps: OauthDeps, instance: Instance): Promise<Client["principal"]> {
  return instance.kind === "agent"
    ? { kind: "agent", agent: await aliveAgent(deps, instance.principal) }
    : { kind: "service", service: await aliveService(deps, instance.principal as ServiceId) };
}
