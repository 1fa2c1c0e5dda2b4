/** For tests only: a company with people who can sign, services and agents with keys, and what they may. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consentHash, parseConsent } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import { publicJwkOf } from "@countersign/proof/jwk";
import { auditMigrations, perform } from "../audit/index.ts";
import { type TestEngine, testClock } from "../audit/test-databases.ts";
import { catalogMigrations } from "../catalog/index.ts";
import { keysMigrations, openKeyRing } from "../keys/index.ts";
import {
  type AgentName,
  type Allow,
  type Caller,
  Fault,
  hours,
  type Strength,
  silentLog,
  system,
  systemRandom,
} from "../lib/index.ts";
import { type Enrolled, firstAdministrator, issuer, person } from "../login/fixture.ts";
import { loginMigrations } from "../login/index.ts";
import {
  addInstance,
  agentOrRefuse,
  defineGroup,
  type Instance,
  registerAgent,
  registerService,
  registryMigrations,
  type Service,
  updatePerson,
} from "../registry/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { consentFor } from "./consent-for.ts";
import type { Delegation } from "./delegation.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { type ExtensionRequest, extend, readExtension } from "./extend.ts";
import { giveConsent } from "./give-consent.ts";
import { openTask, type TaskRequest } from "./open-task.ts";
import { delegationMigrations } from "./tables.ts";
import type { Task } from "./task.ts";

export const migrations = [
  ...auditMigrations,
  ...keysMigrations,
  ...revocationMigrations,
  ...registryMigrations,
  ...catalogMigrations,
  ...loginMigrations,
  ...delegationMigrations,
];

export const REPORTS = "https://reports.example";
export const LEDGER = "https://ledger.example";

/** The right to call one tool, with these constraints. */
export const call = (identifier: string, more: Partial<Grant> = {}): Grant => ({
  type: "agent_tool",
  locations: [identifier.startsWith("ledger") ? LEDGER : REPORTS],
  actions: ["tools/call"],
  identifier,
  ...more,
});

export const quarters = (...values: string[]): Pick<Grant, "args"> => ({
  args: { quarter: { op: "in", values } },
});
export const quarter = (value: string): Pick<Grant, "args"> => ({ args: { quarter: { op: "eq", value } } });

/** All that there is to give. */
export const ALL: Grant[] = [
  call("reports/read", { open_args: true }),
  call("reports/write", quarters("Q1", "Q2", "Q3")),
  call("reports/publish", quarters("Q1", "Q2", "Q3")),
  call("ledger/read", { open_args: true }),
];

/** A running copy with its key. */
export interface Running {
  readonly instance: Instance;
  readonly key: KeyObject;
  readonly caller: Caller;
}

export interface Company {
  readonly ada: Enrolled;
  /** Whose work is done; Mia is her manager. */
  readonly pat: Enrolled;
  readonly mia: Enrolled;
  /** Opens tasks for people. */
  readonly desk: Running & { readonly service: Service };
  /** Agents that may delegate in this order, and publisher to nobody. */
  readonly planner: Running;
  readonly writer: Running;
  readonly publisher: Running;
}

export async function openCompany<More extends object>(
  engine: TestEngine,
  steps = migrations,
  more = {} as More,
) {
  const folder = mkdtempSync(join(tmpdir(), "countersign-keys-"));
  const clock = testClock();
  const keys = await openKeyRing({ clock, random: systemRandom, log: silentLog }, folder);
  const given = {
    trustDomain: "acme.example",
    issuer,
    keys,
    sealer: keys,
    clock,
    random: systemRandom,
    ...more,
  };
  const opened = await engine.open(steps, given);
  const company = await found(opened.deps);
  const close = async (): Promise<void> => {
    await opened.close();
    rmSync(folder, { recursive: true });
  };
  return { ...opened, ...company, close };
}

async function found(deps: DelegationDeps): Promise<Company> {
  const ada = await firstAdministrator(deps);
  await defineGroup(deps, ada.caller, { name: "reporting", grants: ALL });
  const pat = await person(deps, ada.caller, "Pat");
  const mia = await person(deps, ada.caller, "Mia");
  await updatePerson(deps, ada.caller, {
    id: pat.id,
    update: { groups: ["reporting"], manager: mia.id },
  });
  const service = await registerService(deps, ada.caller, { name: "desk", owner: ada.id, resources: [] });
  const agents = [
    await agent(deps, ada, "planner", ["writer", "publisher"]),
    await agent(deps, ada, "writer", ["publisher", "planner"]),
    await agent(deps, ada, "publisher", []),
  ] as const;
  const [planner, writer, publisher] = agents;
  return { ada, pat, mia, desk: { ...(await run(deps, { service })), service }, planner, writer, publisher };
}

/** Registers an agent with everything as its ceiling, whose copies many tests share, and starts one. */
export async function agent(
  deps: DelegationDeps,
  { caller, id }: Enrolled,
  name: AgentName,
  delegate_to: AgentName[],
  max_depth = 4,
): Promise<Running> {
  await registerAgent(deps, caller, {
    name,
    class: "reporting",
    purpose: "works on reports",
    environment: "production",
    owner: id,
    grants: ALL,
    delegation: { delegate_to, max_depth, needs_person: [], shared: true },
  });
  return run(deps, { agent: name });
}

/** Starts a running copy with a key of its own. */
export async function run(
  deps: DelegationDeps,
  of: { agent: AgentName } | { service: Service },
  proven: Strength = "enrolled-key",
): Promise<Running> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = publicJwkOf(privateKey);
  const instance = await perform(deps, system, "instance.enrol", async (change) =>
    addInstance(deps, change, system, {
      of: "service" in of ? of : { agent: await agentOrRefuse(deps, of.agent) },
      jwk,
      strength: proven,
      expires: deps.clock.now() + hours(24),
      evidence: "a test",
    }),
  );
  const { kind, principal, strength, id, thumbprint } = instance;
  const caller: Caller = {
    kind,
    principal,
    strength,
    via: "access-token",
    roles: [],
    instance: id,
    keyThumbprint: thumbprint,
  };
  return { instance, key: privateKey, caller };
}

/** What Pat is asked for, unless said otherwise. */
export const request = ({ pat }: Company, more: Partial<TaskRequest> = {}): TaskRequest => ({
  person: pat.id,
  instruction: "Write the report on the third quarter.",
  purpose: "quarterly report",
  agent: "planner",
  grants: ALL,
  ...more,
});

/** A task that its person has signed. */
export async function begunTask(
  deps: DelegationDeps,
  company: Company,
  more: Partial<TaskRequest> = {},
): Promise<{ task: Task; edge: Delegation }> {
  const task = await openTask(deps, company.desk.caller, request(company, more));
  return sign(deps, company.pat, task.id);
}

/** Looks at a task as the page does, signs just that, and sends it. */
export async function sign(deps: DelegationDeps, who: Enrolled, task: string) {
  const { consent } = await consentFor(deps, who.caller, { task });
  const shown = JSON.parse(JSON.stringify(consent)) as Json;
  const challenge = consentHash(parseConsent(shown));
  const response = who.authenticator.get(issuer, { challenge });
  return giveConsent(deps, who.caller, { task, consent: shown, response });
}

/** A decision that allows to delegate, as approvals would make it. */
export const allow = {
  verdict: "allow",
  decision: "decision_test",
  policyVersion: "pv_test",
  activation: 0,
  policies: ["delegate-within"],
  obligations: [],
  receipts: [],
} as unknown as Allow<"delegate">;

/** Passes authority on as app does: read, decided and recorded in one change. */
export const passOn = (
  deps: DelegationDeps,
  from: Pick<Running, "caller">,
  given: Pick<ExtensionRequest, "edge" | "to" | "grants"> & Partial<ExtensionRequest>,
): Promise<Delegation> =>
  perform(deps, from.caller, "delegation.extend", async (change) => {
    const extension = await readExtension(deps, from.caller, { purpose: "a part of it", ...given });
    return extend(deps, change, from.caller, allow, extension);
  });

/** The fault that an attempt ends in. */
export async function fault(attempt: Promise<unknown>): Promise<Fault> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw outcome ?? new Error("it went through");
}

/** The code of the fault that an attempt ends in. */
export const codeOf = async (attempt: Promise<unknown>): Promise<string> => (await fault(attempt)).code;
