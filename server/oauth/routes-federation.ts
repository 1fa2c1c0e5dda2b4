import { z } from "zod";
import { route } from "../http/index.ts";
import { agentOrRefuse } from "../registry/index.ts";
import { defineFederation, federatedSubject } from "./federation.ts";
import { openidConfigurationOf } from "./metadata.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { findFederation } from "./store-federation.ts";

const KEPT_A_MINUTE = { "cache-control": "public, max-age=60" };

const agentParams = z.strictObject({ name: z.string().max(63) });

/** Byte for byte what the other side has configured; AWS takes no longer one. */
const audience = z.string().regex(/^[!-~]{1,255}$/, "must be 1 to 255 visible characters of ASCII");

const federationShown = z.object({
  agent: z.string(),
  subject: z.string().describe("Who the agent is to others: what they are told to trust."),
  audiences: z.array(z.string()),
});

export const openidConfiguration = route<OauthDeps>()({
  summary: "What this issuer is to clouds, vaults and clusters (OpenID Connect Discovery 1.0).",
  answers: { 200: z.record(z.string(), z.unknown()) },
  handle: async ({ issuer, clientCertificates }) => ({
    status: 200,
    headers: KEPT_A_MINUTE,
    body: openidConfigurationOf(issuer, clientCertificates),
  }),
});

export const federationShow = route<OauthDeps>()({
  summary: "To whom an agent may show an identity token.",
  params: agentParams,
  answers: { 200: federationShown },
  async handle(deps, _caller, { params }) {
    const { name } = await agentOrRefuse(deps, params.name);
    const { audiences } = await findFederation(deps.database, name);
    return shown(deps, name, audiences);
  },
});

export const federationPut = route<OauthDeps>()({
  summary: "Says to whom an agent may show an identity token: exactly these, none unless named.",
  params: agentParams,
  body: z.strictObject({ audiences: z.array(audience).max(20) }),
  answers: { 200: federationShown },
  async handle(deps, caller, { params, body }) {
    const { agent, audiences } = await defineFederation(deps, caller, { agent: params.name, ...body });
    return shown(deps, agent, audiences);
  },
});

const shown = (deps: OauthDeps, agent: string, audiences: readonly string[]) => ({
  status: 200,
  body: { agent, subject: federatedSubject(deps, agent), audiences: [...audiences] },
});
