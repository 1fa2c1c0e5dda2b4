/** For tests only: an installation in which nothing is but policies, and a person who may publish them. */
import { test } from "node:test";
import { auditMigrations, findEvents } from "../audit/index.ts";
import type { TestDatabase, TestEngine } from "../audit/test-databases.ts";
import { catalogMigrations, defineServer, defineTool } from "../catalog/index.ts";
import { type Caller, Fault, newId, nobody, type PersonId, type Role, system } from "../lib/index.ts";
import { registryMigrations } from "../registry/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { ActivePolicies } from "./active-set.ts";
import { decide } from "./decide.ts";
import type { DecisionRecord } from "./decision-record.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import type { PolicyFile, PolicySet } from "./policy.ts";
import type { Question } from "./question.ts";
import { policyMigrations } from "./tables.ts";

export const migrations = [
  ...auditMigrations,
  ...revocationMigrations,
  ...registryMigrations,
  ...catalogMigrations,
  ...policyMigrations,
];

const sealer = { seal: (bytes: Uint8Array) => bytes, open: (bytes: Uint8Array) => bytes };
const more = () => ({ trustDomain: "acme.example", sealer, policies: new ActivePolicies() });

export type PolicyTestDatabase = TestDatabase<ReturnType<typeof more>>;

export const openPolicies = (engine: TestEngine): Promise<PolicyTestDatabase> =>
  engine.open(migrations, more());

/** Declares tests that each get a database of their own. */
export const promisesOn =
  (engine: TestEngine) =>
  (name: string, keep: (opened: PolicyTestDatabase) => Promise<void>): void =>
    void test(name, async () => {
      const opened = await openPolicies(engine);
      await keep(opened).finally(() => opened.close());
    });

export const PERMIT = '@id("all") @reason("All.") permit (principal, action, resource);';
export const FORBID = '@id("none") @reason("None.") forbid (principal, action, resource);';

/** Each permit needs a test that shows where it ends. */
const TESTS =
  "tests: [{ name: no, given: { action: register, agent: none, covered: false }, expect: { verdict: deny } }]";

/** A set of one file, with the test that it needs. */
export const mine = (text: string): PolicyFile[] => [{ name: "mine", text, tests: TESTS }];

/** Everything is permitted but for what another policy forbids. */
export const permitBut = (id: string, condition: string, lift = ""): PolicyFile[] =>
  mine(`${PERMIT}\n@id("${id}") @reason("${id}.") ${lift}
forbid (principal, action, resource) when { ${condition} };`);

const person = (...roles: Role[]): Caller => ({
  ...nobody("192.0.2.1"),
  kind: "person",
  principal: `person_${roles[0] ?? "nobody"}` as PersonId,
  roles,
});
export const publisher = person("policy-publisher");
export const administrator = person("administrator");
export const auditor = person("auditor");
export const agent: Caller = { ...nobody("192.0.2.1"), kind: "agent", principal: "cost-agent" };

export const asked = (given: object = {}): Question =>
  exampleQuestion(givenQuestion.parse({ action: "register", agent: "none", ...given }));

/** Pins `reports/read` and `reports/publish`. */
export async function pinTools({ deps }: PolicyTestDatabase): Promise<void> {
  await defineServer(deps, system, { id: "reports", resource: "https://reports.example/" });
  for (const [name, label] of [
    ["read", "read"],
    ["publish", "external"],
  ] as const) {
    // biome-ignore format: pairs
    const inputSchema = { type: "object" as const, properties: { title: { type: "string" as const } } };
    await defineTool(deps, system, {
      definition: { server: "reports", name, description: "A tool.", labels: [label], inputSchema },
    });
  }
}

export function recordOf(
  deps: PolicyTestDatabase["deps"],
  question: Question,
  set: PolicySet,
): DecisionRecord {
  return {
    id: newId(deps, "decision"),
    at: deps.clock.now(),
    by: "active",
    activation: 1,
    observed: false,
    question,
    receipts: [],
    verdict: decide(question, set, []),
  };
}

export const refused = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;

/** The bodies of events of a type, oldest first. */
export async function eventsOf({ deps }: Pick<PolicyTestDatabase, "deps">, type: string) {
  const events = await findEvents(deps.database, { type, limit: 200 });
  return events.map(({ body }) => JSON.parse(body));
}
