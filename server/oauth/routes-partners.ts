import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import type { PersonId } from "../lib/index.ts";
import { personId } from "../registry/index.ts";
import { activePartner, definePartner, endPartner, setPartnerSubject } from "./define-partner.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { partnerDefinition, partnerName, partnerSubject } from "./partner.ts";
import { partnersAfter } from "./store-partners.ts";

const byName = z.strictObject({ name: z.string().max(63) });
const answer = z.object({
  name: z.string(),
  state: z.enum(["active", "ended"]),
  audience: z.string(),
  resources: z.array(z.string()),
  clients: z.array(z.object({ agent: z.string(), client_id: z.string() })),
  unseen_calls: z.string(),
  revision: z.int(),
});
const partner = route<OauthDeps>();

export const partnerList = partner({
  summary: "Lists the authorization servers of other domains to which our word about people goes, or went.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(answer) },
  handle: async (deps, _caller, { query }) => ({
    status: 200,
    body: await partnersAfter(deps.database, query),
  }),
});

export const partnerShow = partner({
  summary: "Shows which resources and agents our word is for there.",
  params: byName,
  answers: { 200: answer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: await activePartner(deps, params.name),
  }),
});

export const partnerPut = partner({
  summary: "Says to whom our word about people may go, for which resources, and which agents may carry it.",
  params: z.strictObject({ name: partnerName }),
  body: partnerDefinition,
  answers: { 200: answer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await definePartner(deps, caller, { name: params.name, definition: body }),
  }),
});

export const partnerEnd = partner({
  summary: "No more assertions go there.",
  params: byName,
  answers: { 204: "nothing" },
  async handle(deps, caller, { params }) {
    await endPartner(deps, caller, params);
    return { status: 204 };
  },
});

export const partnerSubjectPut = partner({
  summary: "Says by what name a person is known there.",
  params: z.strictObject({ name: z.string().max(63), person: personId }),
  body: z.strictObject({ subject: partnerSubject }),
  answers: { 204: "nothing" },
  async handle(deps, caller, { params, body }) {
    const person = params.person as PersonId;
    await setPartnerSubject(deps, caller, { name: params.name, person, subject: body.subject });
    return { status: 204 };
  },
});
