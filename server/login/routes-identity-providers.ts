import { z } from "zod";
import type { ConcealDeps } from "../audit/index.ts";
import { pageOf, pageQuery, route } from "../http/index.ts";
import type { PersonId } from "../lib/index.ts";
import { personId } from "../registry/index.ts";
import type { RevocationDeps } from "../revocation/index.ts";
import {
  activeProvider,
  defineIdentityProvider,
  endIdentityProvider,
  listProviders,
} from "./define-identity-provider.ts";
import {
  definitionOf,
  foreignSubject,
  type IdentityProvider,
  identityProviderDefinition,
  providerName,
} from "./identity-provider.ts";
import { linkSubject, unlinkSubject } from "./link-subject.ts";
import type { LoginDeps } from "./login-deps.ts";

const provider = route<LoginDeps & RevocationDeps & ConcealDeps>();
const byName = z.strictObject({ name: z.string().max(63) });
const ofPerson = z.strictObject({ id: personId, provider: z.string().max(63) });

const answer = z.object({
  name: z.string(),
  state: z.enum(["active", "ended"]),
  issuer: z.string(),
  jwks_uri: z.string().optional(),
  algorithms: z.array(z.string()),
  clients: z.array(z.object({ client_id: z.string(), agent: z.string(), id_jag: z.string() })),
  subjects: z.object({ by: z.string(), domains: z.array(z.string()).optional() }),
  revision: z.int(),
});

const shown = (each: IdentityProvider): z.output<typeof answer> => ({
  name: each.name,
  state: each.state,
  ...definitionOf(each),
  revision: each.revision,
});

export const identityProviderList = provider({
  summary: "Lists the identity providers whose word about people is taken, or was.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(answer) },
  async handle(deps, _caller, { query }) {
    const page = await listProviders(deps, query);
    return { status: 200, body: { ...page, items: page.items.map(shown) } };
  },
});

export const identityProviderShow = provider({
  summary: "Shows whose word about people is taken, and for which agents.",
  params: byName,
  answers: { 200: answer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: shown(await activeProvider(deps, params.name)),
  }),
});

export const identityProviderPut = provider({
  summary: "Says whose word about people is taken, and for which agents.",
  params: z.strictObject({ name: providerName }),
  body: identityProviderDefinition,
  answers: { 200: answer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: shown(await defineIdentityProvider(deps, caller, { name: params.name, definition: body })),
  }),
});

export const identityProviderEnd = provider({
  summary: "Takes an identity provider's word no more; what rested on it ends.",
  params: byName,
  answers: { 204: "nothing" },
  async handle(deps, caller, { params }) {
    await endIdentityProvider(deps, caller, params);
    return { status: 204 };
  },
});

export const subjectPut = provider({
  summary: "Says who a person is at an identity provider.",
  params: ofPerson,
  body: z.strictObject({ subject: foreignSubject }),
  answers: { 204: "nothing" },
  async handle(deps, caller, { params, body }) {
    await linkSubject(deps, caller, {
      person: params.id as PersonId,
      provider: params.provider,
      subject: body.subject,
    });
    return { status: 204 };
  },
});

export const subjectEnd = provider({
  summary: "Takes it back.",
  params: ofPerson,
  answers: { 204: "nothing" },
  async handle(deps, caller, { params }) {
    await unlinkSubject(deps, caller, { person: params.id as PersonId, provider: params.provider });
    return { status: 204 };
  },
});
