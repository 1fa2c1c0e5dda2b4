import { z } from "zod";
import { cutPage, pageOf, pageQuery, route } from "../http/index.ts";
import { type ForeignWorkload, foreignId, workloadRegistration } from "./foreign-workload.ts";
import { putTrustDomain } from "./put-trust-domain.ts";
import { registerWorkload, removeWorkload } from "./register-workload.ts";
import { removeTrustDomain, trustDomainOrRefuse } from "./remove-trust-domain.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { domainsAfter, workloadsOf } from "./store.ts";
import { type TrustDomain, trustDomainDefinition } from "./trust-domain.ts";

const domainAnswer = z.object({
  id: z.string(),
  name: z.string(),
  endpoint: z.string().optional(),
  endpoint_spiffe_id: z.string().optional(),
  bundle: z.unknown(),
  updated: z.int(),
  revision: z.int(),
});
const domainItem = domainAnswer.omit({ bundle: true });
const workloadAnswer = z.object({
  id: z.string(),
  trust_domain: z.string(),
  spiffe_id: z.string(),
  agent: z.string().optional(),
  service: z.string().optional(),
  created: z.int(),
});

const byName = z.strictObject({ name: z.string().max(255) });
const query = z.strictObject(pageQuery);
const spiffe = route<SpiffeDeps>();

export const trustDomainList = spiffe({
  summary: "Lists the trust domains whose SVIDs are taken, by name.",
  query,
  answers: { 200: pageOf(domainItem) },
  async handle(deps, _caller, { query: page }) {
    const rows = await domainsAfter(deps.database, { ...page, limit: page.limit + 1 });
    const { items, next } = cutPage(rows, page.limit, ({ name }) => name);
    return {
      status: 200,
      body: { items: items.map(itemShown), ...(next === undefined ? {} : { next }) },
    };
  },
});

export const trustDomainShow = spiffe({
  summary: "Shows a trust domain's bundle, as it counts now.",
  params: byName,
  answers: { 200: domainAnswer },
  async handle(deps, _caller, { params }) {
    return { status: 200, body: domainShown(await trustDomainOrRefuse(deps, params.name)) };
  },
});

export const trustDomainPut = spiffe({
  summary: "Says by whom the SVIDs of a trust domain are signed: its bundle, or where it is fetched.",
  params: byName,
  body: trustDomainDefinition,
  answers: { 200: domainAnswer },
  async handle(deps, caller, { params, body }) {
    const domain = await putTrustDomain(deps, caller, { name: params.name, definition: body });
    return { status: 200, body: domainShown(domain) };
  },
});

export const trustDomainRemove = spiffe({
  summary: "Takes the word of a trust domain no more; what was issued on it ends.",
  params: byName,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params }) {
    await removeTrustDomain(deps, caller, { name: params.name });
    return { status: 204 };
  },
});

export const workloadList = spiffe({
  summary: "Lists whom workloads of a trust domain stand for, in the order of their registration.",
  params: byName,
  query,
  answers: { 200: pageOf(workloadAnswer) },
  async handle(deps, _caller, { params, query: page }) {
    const { name } = await trustDomainOrRefuse(deps, params.name);
    const rows = await workloadsOf(deps.database, name, { ...page, limit: page.limit + 1 });
    const { items, next } = cutPage(rows, page.limit, ({ id }) => id);
    return {
      status: 200,
      body: { items: items.map(workloadShown), ...(next === undefined ? {} : { next }) },
    };
  },
});

export const workloadRegister = spiffe({
  summary: "Says whom workloads of another trust domain stand for: an agent or a service of ours.",
  params: byName,
  body: workloadRegistration,
  answers: { 201: workloadAnswer },
  async handle(deps, caller, { params, body }) {
    const workload = await registerWorkload(deps, caller, { trustDomain: params.name, registration: body });
    return { status: 201, body: workloadShown(workload) };
  },
});

export const workloadRemove = spiffe({
  summary: "Ends that workloads of another trust domain stand for one of ours; what they were issued ends.",
  params: byName,
  query: z.strictObject({ id: foreignId }),
  answers: { 204: "They stand for nobody." },
  async handle(deps, caller, { params, query: { id } }) {
    await removeWorkload(deps, caller, { trustDomain: params.name, id });
    return { status: 204 };
  },
});

const itemShown = ({ document: _, endpointId, ...domain }: TrustDomain) => ({
  ...domain,
  ...(endpointId === undefined ? {} : { endpoint_spiffe_id: endpointId }),
});

const domainShown = (domain: TrustDomain) => ({ ...itemShown(domain), bundle: domain.document });

const workloadShown = ({ id, trustDomain, spiffeId, stands, created }: ForeignWorkload) => ({
  id,
  trust_domain: trustDomain,
  spiffe_id: spiffeId,
  ...stands,
  created,
});
