import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { personId } from "./agent.ts";
import { departPerson } from "./depart-person.ts";
import { listPeople, personOrRefuse } from "./find-person.ts";
import { handOverAll } from "./hand-over-all.ts";
import { personRegistration, personUpdate } from "./person.ts";
import { registerPerson } from "./register-person.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { resumePerson } from "./resume-person.ts";
import { suspendPerson } from "./suspend-person.ts";
import { updatePerson } from "./update-person.ts";

const personAnswer = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  groups: z.array(z.string()),
  department: z.string().optional(),
  manager: z.string().optional(),
  limits: z.record(z.string(), z.int()),
  status: z.enum(["active", "suspended", "left"]),
  source: z.string(),
  epoch: z.int(),
  created: z.int(),
  revision: z.int(),
});

const byPerson = z.strictObject({ id: personId });
const query = z.strictObject(pageQuery);
const registry = route<RegistryDeps>();

export const personList = registry({
  summary: "Lists people in the order of their registration.",
  query,
  answers: { 200: pageOf(personAnswer) },
  handle: async (deps, _caller, input) => ({ status: 200, body: await listPeople(deps, input.query) }),
});

export const personShow = registry({
  summary: "Shows a person's record.",
  params: byPerson,
  answers: { 200: personAnswer },
  handle: async (deps, _caller, { params }) => ({ status: 200, body: await personOrRefuse(deps, params.id) }),
});

export const personCreate = registry({
  summary: "Registers a person.",
  body: personRegistration,
  answers: { 201: personAnswer },
  handle: async (deps, caller, { body }) => ({ status: 201, body: await registerPerson(deps, caller, body) }),
});

export const personChange = registry({
  summary: "Changes a person's record: what is absent stays, null takes away.",
  params: byPerson,
  body: personUpdate,
  answers: { 200: personAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await updatePerson(deps, caller, { id: params.id, update: body }),
  }),
});

export const personSuspend = registry({
  summary: "Suspends a person: nothing can be done by her or for her, until she is resumed.",
  params: byPerson,
  answers: { 200: personAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await suspendPerson(deps, caller, params),
  }),
});

export const personResume = registry({
  summary: "Lets a suspended person act again.",
  params: byPerson,
  answers: { 200: personAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await resumePerson(deps, caller, params),
  }),
});

export const personDepart = registry({
  summary: "Records that a person left for good.",
  params: byPerson,
  answers: { 200: personAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await departPerson(deps, caller, params),
  }),
});

export const personHandOver = registry({
  summary:
    "Gives all agents, services and accounts of a person another owner: by herself, or by an administrator.",
  params: byPerson,
  body: z.strictObject({ to: personId }),
  answers: { 200: z.object({ agents: z.int(), services: z.int(), accounts: z.int() }) },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await handOverAll(deps, caller, { id: params.id, to: body.to }),
  }),
});
