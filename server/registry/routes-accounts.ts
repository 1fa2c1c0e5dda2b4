import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { isId } from "../lib/index.ts";
import { ACCOUNT_KINDS, ACCOUNT_STATES, accountSaid, accountUpdate } from "./account.ts";
import { addAccount } from "./add-account.ts";
import { personId } from "./agent.ts";
import { adoptAccount, retireAccount, updateAccount } from "./change-account.ts";
import { accountOrRefuse, listAccounts } from "./find-account.ts";
import type { RegistryDeps } from "./registry-deps.ts";

const accountAnswer = z.object({
  id: z.string(),
  kind: z.string(),
  system: z.string().describe("Who issued it."),
  place: z.string().describe("Where there: an account, an organisation, a cluster."),
  name: z.string().describe("What it is called there."),
  owner: z.string().optional(),
  privilege: z.string(),
  sensitivity: z.string().describe("Of the data that it opens."),
  scope: z.string().optional().describe("Which data it opens, in words."),
  environment: z.string().optional(),
  static: z.boolean().describe("What proves it never changes by itself: a key, a password."),
  made: z.int().optional(),
  lastUsed: z.int().optional(),
  seen: z.int(),
  state: z.enum(ACCOUNT_STATES),
  adoptedBy: z.string().optional().describe("The agent that works by it."),
  revision: z.int(),
});

const byId = z.strictObject({
  id: z.string().refine((text) => isId(text, "account"), "This is not the id of an account (account_...)."),
});
const registry = route<RegistryDeps>();

export const accountList = registry({
  summary: "Lists identities elsewhere: all for administrators and auditors, her own for everybody else.",
  query: z.strictObject({
    ...pageQuery,
    owner: personId.optional(),
    kind: z.enum(ACCOUNT_KINDS).optional(),
    state: z.enum(ACCOUNT_STATES).optional(),
    adopted_by: z.string().max(200).optional(),
  }),
  answers: { 200: pageOf(accountAnswer) },
  handle: async (deps, caller, { query }) => ({
    status: 200,
    body: await listAccounts(deps, caller, query),
  }),
});

export const accountShow = registry({
  summary: "Shows what is known of an identity elsewhere.",
  params: byId,
  answers: { 200: accountAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await accountOrRefuse(deps, caller, params.id),
  }),
});

export const accountAdd = registry({
  summary: "Takes an identity that exists elsewhere into the inventory.",
  body: accountSaid,
  answers: { 201: accountAnswer },
  handle: async (deps, caller, { body }) => ({ status: 201, body: await addAccount(deps, caller, body) }),
});

export const accountChange = registry({
  summary: "Changes what is known of an identity elsewhere: what is absent stays, null takes away.",
  params: byId,
  body: accountUpdate,
  answers: { 200: accountAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await updateAccount(deps, caller, { id: params.id, update: body }),
  }),
});

export const accountAdopt = registry({
  summary: "Notes which agent works by it. That gives the agent nothing.",
  params: byId,
  body: z.strictObject({ agent: z.string().max(200) }),
  answers: { 200: accountAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: await adoptAccount(deps, caller, { id: params.id, agent: body.agent }),
  }),
});

export const accountRetire = registry({
  summary: "Notes that it is gone, or that nobody needs it, for ever.",
  params: byId,
  answers: { 200: accountAnswer },
  handle: async (deps, caller, { params }) => ({
    status: 200,
    body: await retireAccount(deps, caller, params),
  }),
});
