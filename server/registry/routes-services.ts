import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { isId, type ServiceId } from "../lib/index.ts";
import { listServices, serviceOrRefuse } from "./find-service.ts";
import { registerService } from "./register-service.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { serviceRegistration, serviceUpdate } from "./service.ts";
import { resumeService, suspendService } from "./switch-service.ts";
import { updateService } from "./update-service.ts";

const serviceAnswer = z.object({
  id: z.string(),
  name: z.string(),
  owner: z.string(),
  resources: z.array(z.string()),
  status: z.enum(["active", "suspended"]),
  epoch: z.int(),
  created: z.int(),
  revision: z.int(),
});

const isServiceId = (text: string): text is ServiceId => isId(text, "service");
const byService = z.strictObject({
  id: z.string().refine(isServiceId, "This is not the id of a service (service_...)."),
});
const query = z.strictObject(pageQuery);
const registry = route<RegistryDeps>();

export const serviceList = registry({
  summary: "Lists services in the order of their registration.",
  query,
  answers: { 200: pageOf(serviceAnswer) },
  handle: async (deps, _caller, input) => ({ status: 200, body: await listServices(deps, input.query) }),
});

export const serviceShow = registry({
  summary: "Shows a service's record.",
  params: byService,
  answers: { 200: serviceAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: await serviceOrRefuse(deps, params.id),
  }),
});

export const serviceCreate = registry({
  summary: "Registers a service.",
  body: serviceRegistration,
  answers: { 201: serviceAnswer },
  handle: async (deps, caller, { body }) => ({
    status: 201,
    body: await registerService(deps, caller, body),
  }),
});

export const serviceChange = registry({
  summary: "Says a service's owner or resources anew.",
  params: byService,
  body: serviceUpdate,
  answers: { 200: serviceAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await updateService(deps, caller, { id: params.id, update: body }),
  }),
});

export const serviceSuspend = registry({
  summary: "Takes away all of a service's access at once, until it is resumed.",
  params: byService,
  answers: { 200: serviceAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await suspendService(deps, caller, params),
  }),
});

export const serviceResume = registry({
  summary: "Gives a suspended service its access back.",
  params: byService,
  answers: { 200: serviceAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await resumeService(deps, caller, params),
  }),
});
