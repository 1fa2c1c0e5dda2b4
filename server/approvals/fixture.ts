/** For tests only: an installation with people who can sign, an agent, a tool and policies. */
import { test } from "node:test";
import { receiptHash } from "@countersign/proof/receipt";
import { auditMigrations, perform } from "../audit/index.ts";
import type { TestDatabase, TestEngine } from "../audit/test-databases.ts";
import { catalogMigrations, defineServer, defineTool } from "../catalog/index.ts";
import type { Migration } from "../database/index.ts";
import { delegationMigrations } from "../delegation/index.ts";
import { type Allow, Fault, type Id, type PersonId, system } from "../lib/index.ts";
import { type Enrolled, firstAdministrator, issuer, person } from "../login/fixture.ts";
import { loginMigrations } from "../login/index.ts";
import {
  ActivePolicies,
  installShippedPolicies,
  type PolicyFile,
  policyMigrations,
  putPolicies,
  type Question,
} from "../policy/index.ts";
import {
  type Agent,
  defineGroup,
  findAgent,
  findPerson,
  type Person,
  registerAgent,
  registryMigrations,
  updatePerson,
} from "../registry/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { answerRequest } from "./answer.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { type AuthorizeOptions, authorize } from "./authorize.ts";
import { findApproval } from "./find.ts";
import { unsigned } from "./receipt.ts";
import { reserve } from "./reserve.ts";
import { spend } from "./spend.ts";
import { approvalsMigrations } from "./tables.ts";
import { calm } from "./test-ports.ts";

export const migrations = [
  ...auditMigrations,
  ...revocationMigrations,
  ...registryMigrations,
  ...catalogMigrations,
  ...loginMigrations,
  ...delegationMigrations,
  ...policyMigrations,
  ...approvalsMigrations,
];

const more = () => ({
  trustDomain: "acme.example",
  issuer,
  sealer: { seal: (bytes: Uint8Array) => bytes, open: (bytes: Uint8Array) => bytes },
  policies: new ActivePolicies(),
});

export type ApprovalsTest = TestDatabase<ReturnType<typeof more> & Pick<ApprovalsDeps, "facts" | "risk">>;

const EXPENSES = `
@id("two-of-finance") @lift("approval(2 of finance)") @reason("Large payments need two of finance.")
forbid (principal, action == Action::"finance/pay", resource)
when { context.args has amount && context.args.amount > 10000 };
@id("second-factor") @lift("mfa") @reason("Payments need the second factor.")
forbid (principal, action == Action::"finance/pay", resource)
when { context.args has amount && context.args.amount > 5000 };
`;

/** Everybody is enrolled. Mia is Pat's manager, Fay, Finn and Olga are of finance, Olga owns the agent. */
export interface Company {
  readonly ada: Enrolled;
  readonly pat: Enrolled;
  readonly mia: Enrolled;
  readonly fay: Enrolled;
  readonly finn: Enrolled;
  readonly olga: Enrolled;
}

export async function openCompany(engine: TestEngine, besides: readonly Migration[] = []): Promise<Opened> {
  const opened = await engine.open([...migrations, ...besides], more());
  const deps = { ...opened.deps, ...calm(opened.deps) };
  const ada = await firstAdministrator(deps);
  await defineGroup(deps, ada.caller, { name: "finance", grants: [] });
  await defineGroup(deps, ada.caller, { name: "security", grants: [] });
  const someone = (name: string) => person(deps, ada.caller, name);
  const [pat, mia, fay] = [await someone("Pat"), await someone("Mia"), await someone("Fay")];
  const [finn, olga] = [await someone("Finn"), await someone("Olga")];
  await update(deps, ada, pat.id, { manager: mia.id, groups: ["finance"] });
  for (const { id } of [fay, finn, olga]) await update(deps, ada, id, { groups: ["finance"] });
  await registerAgent(deps, ada.caller, {
    name: "publisher",
    class: "reporting",
    purpose: "publishes reports",
    environment: "production",
    owner: olga.id,
    grants: [],
  });
  await pinTools(deps, ada);
  await installShippedPolicies(deps, system);
  await putPolicies(deps, system, [{ name: "expenses", text: EXPENSES }]);
  return { ...opened, deps, ada, pat, mia, fay, finn, olga };
}

export type Opened = ApprovalsTest & Company;

/** Declares tests that each get a company of their own. @param besides tables of rooms that it has not */
export const promisesOn =
  (engine: TestEngine, besides: readonly Migration[] = []) =>
  (name: string, keep: (company: Opened) => Promise<void>): void =>
    void test(name, async () => {
      const company = await openCompany(engine, besides);
      await keep(company).finally(() => company.close());
    });

async function pinTools(deps: ApprovalsDeps, { caller }: Enrolled): Promise<void> {
  await defineServer(deps, caller, { id: "reports", resource: "https://reports.example/" });
  await defineServer(deps, caller, { id: "finance", resource: "https://finance.example/" });
  const schema = (properties: object) => ({ type: "object" as const, properties: { ...properties } });
  const publish = {
    server: "reports",
    name: "publish",
    description: "Publishes.",
    labels: ["external" as const],
  };
  const pay = { server: "finance", name: "pay", description: "Pays.", labels: ["write" as const] };
  await defineTool(deps, caller, {
    definition: { ...publish, inputSchema: schema({ title: { type: "string" } }) },
  });
  await defineTool(deps, caller, {
    definition: { ...pay, inputSchema: schema({ amount: { type: "integer" } }) },
  });
}

export const update = (
  deps: ApprovalsDeps,
  { caller }: Enrolled,
  id: PersonId,
  said: Parameters<typeof updatePerson>[2]["update"],
): Promise<Person> => updatePerson(deps, caller, { id, update: said });

export const put = (deps: ApprovalsDeps, ...files: PolicyFile[]) => putPolicies(deps, system, files);

export const agentCaller = {
  principal: "publisher",
  kind: "agent",
  strength: "enrolled-key",
  via: "client-assertion",
  roles: [],
} as const;

type Call = Question & { action: "call" };

/** The agent's call for Pat, as the registry knows both now. */
export async function callFor(
  deps: ApprovalsDeps,
  { id }: { id: PersonId },
  given: Partial<Question> = {},
): Promise<Call> {
  const agent = (await findAgent(deps, "publisher")) as Agent;
  const behind = (await findPerson(deps, id)) as Person;
  return {
    action: "call",
    tool: "reports/publish",
    agent,
    person: behind,
    instance: "spiffe://acme.example/agent/publisher/1",
    strength: "enrolled-key",
    task: { id: "task_1", purpose: "quarterly report", startedBy: id, agent: "publisher" },
    chain: { depth: 1, agents: ["publisher"], hash: "hash" },
    authority: { covered: true, missing: [] },
    resource: { location: "https://reports.example/", name: "reports" },
    args: { title: "Q3" },
    holder: "edge_1",
    now: deps.clock.now(),
    ...given,
  } as Call;
}

export const payment = (amount: number): Partial<Question> => ({
  tool: "finance/pay",
  resource: { location: "https://finance.example/", name: "finance" },
  args: { amount },
});

/** Authorizes as the token service does: within a change of its own. */
export const ask = (
  deps: ApprovalsDeps,
  question: Call,
  options: AuthorizeOptions = {},
): Promise<Allow<"call">> =>
  perform(deps, agentCaller, "token.issue", (change) =>
    authorize(deps, change, agentCaller, question, options),
  );

/** The fault that an attempt ends in. */
export async function fault(attempt: Promise<unknown>): Promise<Fault> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw outcome ?? new Error("it went through");
}

/** The request that an attempt led to. */
export async function asked(attempt: Promise<unknown>): Promise<Id<"approval">> {
  const refusal = await fault(attempt);
  if (refusal.code !== "approval-required") throw refusal;
  return refusal.members.approval as Id<"approval">;
}

/** Looks at the request as the page does, signs what it shows, and sends it. */
export async function answer(
  deps: ApprovalsDeps,
  who: Enrolled,
  approval: string,
  decision: "approve" | "deny" = "approve",
) {
  const { request, answerable } = await findApproval(deps, who.caller, approval);
  const receipt = { ...unsigned(request, answerable ?? "manager", who.id), decision };
  const assertion = sign(who, receiptHash(receipt));
  return answerRequest(deps, who.caller, { approval, decision, assertion });
}

export const sign = (who: Enrolled, challenge: string) => who.authenticator.get(issuer, { challenge });

/** Issues a token for an allow, as the token service does, and says when it expires. */
export const issue = (
  deps: ApprovalsDeps,
  question: Call,
  jti: string,
  lifetime = 60_000,
): Promise<Allow<"call">> =>
  perform(deps, agentCaller, "token.issue", async (change) => {
    const allow = await authorize(deps, change, agentCaller, question);
    if (allow.approval === undefined) throw new Error("no approval was needed");
    reserve(deps, change, allow.approval, { jti, expires: deps.clock.now() + lifetime });
    return allow;
  });

export const use = (deps: ApprovalsDeps, approval: Id<"approval">, jti: string): Promise<void> =>
  perform(deps, agentCaller, "token.use", (change) => spend(deps, change, agentCaller, { approval, jti }));
