import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkParseSchema,
  isAuthorized,
  type Schema,
  type ValidationAnswer,
  validate,
} from "@cedar-policy/cedar-wasm/nodejs";
import { type CedarSchema, cedarSchemaOf } from "./cedar-schema.ts";
import { inputSchema } from "./input-schema.ts";
import { type Label, toolOf } from "./tool.ts";

const tool = (
  identifier: string,
  labels: Label[],
  properties: Record<string, unknown>,
  required: string[] = [],
) => {
  const [server = "", name = ""] = identifier.split("/");
  const schema = inputSchema.parse({ type: "object", properties, required });
  return toolOf({ server, name, description: "", labels, inputSchema: schema });
};

const approve = tool("finance/approveExpense", ["write", "external"], {
  amount: { type: "number" },
  count: { type: "integer" },
  tags: { type: "array", items: { type: "string" } },
  ship: { type: "object", properties: { street: { type: "string" } } },
  anything: { type: "object" },
  list: { type: "array" },
  "odd-name": { type: "boolean" },
});

const problems = (schema: CedarSchema, policy: string): string[] => {
  const answer: ValidationAnswer = validate({
    schema: schema as unknown as Schema,
    policies: { staticPolicies: policy },
    validationSettings: { mode: "strict" },
  });
  assert.equal(answer.type, "success", JSON.stringify(answer));
  if (answer.type !== "success") return [];
  return [...answer.validationErrors, ...answer.validationWarnings].map(({ error }) => error.message);
};

test("Cedar reads the schema, with tools and without", () => {
  for (const tools of [[], [approve]]) {
    const { schema } = cedarSchemaOf(tools);
    assert.deepEqual(checkParseSchema(schema as unknown as Schema), { type: "success" });
  }
});

test("policies on arguments, chain, person, task and labels validate strictly", () => {
  const { schema } = cedarSchemaOf([approve]);
  const policies = [
    'forbid (principal, action == Action::"finance/approveExpense", resource) when { context.args has amount && context.args.amount.greaterThan(decimal("5000.0")) };',
    'forbid (principal, action in Action::"write", resource) when { context has chain && context.chain.depth > 2 };',
    'permit (principal, action in Action::"call", resource == Resource::"finance") when { context has person && context.person in Group::"finance" && context.authority.covered };',
    'forbid (principal in Team::"ops", action in Action::"external", resource) unless { context.strength == "hardware-bound" };',
    'forbid (principal, action == Action::"finance/approveExpense", resource) when { context has person && context.person.hasTag("EUR") && context.args has count && context.args.count > context.person.getTag("EUR") };',
    'forbid (principal, action == Action::"finance/approveExpense", resource) when { context.args has ship && context.args.ship has street && context.args has tags && context.args.tags.contains("x") && context.args has "odd-name" };',
    'forbid (principal, action == Action::"delegate", resource) when { context.delegate.to_class == "coding" || principal.environment == "production" };',
    'permit (principal is Person, action == Action::"register", resource) when { context.args has environment && context.args.environment == "development" };',
    'permit (principal, action in [Action::"approve", Action::"administer"], resource) when { context.now.hour >= 8 };',
  ];
  for (const policy of policies) assert.deepEqual(problems(schema, policy), [], policy);
});

test("every argument is optional, even a required one: a policy must ask whether it is there", () => {
  const strict = tool("finance/pay", ["write"], { amount: { type: "number" } }, ["amount"]);
  const { schema } = cedarSchemaOf([strict]);
  const policy =
    'forbid (principal, action == Action::"finance/pay", resource) when { context.args.amount.greaterThan(decimal("1.0")) };';
  assert.match(problems(schema, policy).join(), /optional attribute/);
});

test("an argument that Cedar cannot type cannot be read by a policy", () => {
  const { schema } = cedarSchemaOf([approve]);
  const attributes = ["anything", "list"].map((name) => `context.args has ${name}`);
  for (const has of attributes) {
    const policy = `forbid (principal, action == Action::"finance/approveExpense", resource) when { ${has} };`;
    assert.match(problems(schema, policy).join(), /impossible/);
  }
});

test("a request for a generated action is valid for Cedar, and a wrong argument type is not", () => {
  const { schema } = cedarSchemaOf([approve]);
  const ask = (count: unknown) =>
    isAuthorized({
      principal: { type: "Agent", id: "payer" },
      action: { type: "Action", id: "finance/approveExpense" },
      resource: { type: "Resource", id: "finance" },
      context: {
        args: { count: count as number },
        authority: { covered: true },
        facts: {},
        settings: {},
        strength: "enrolled-key",
        strength_rank: 4,
        risk: 0,
        risk_known: true,
        anomalies: [],
        now: { epoch: 1, hour: 1, weekday: 1 },
        local: { zone: "UTC", date: "1970-01-01", hour: 1, minute: 0, weekday: 4 },
      },
      schema: schema as unknown as Schema,
      validateRequest: true,
      policies: { staticPolicies: 'permit (principal, action in Action::"external", resource);' },
      entities: [],
    });
  const answer = ask(3);
  assert.equal(answer.type === "success" && answer.response.decision, "allow", JSON.stringify(answer));
  assert.equal(ask("3").type, "failure");
});

test("policies on circumstances, facts and settings validate strictly, in every action", () => {
  const pay = toolOf({
    server: "finance",
    name: "pay",
    description: "",
    labels: ["write"],
    inputSchema: { type: "object", properties: {} },
    facts: [{ name: "owed", type: "number", url: "https://erp.example/", pointer: "" }],
  });
  const settings = {
    limits: { first: { type: "Long" }, most: { type: "Extension", name: "decimal" } },
  } as const;
  const { schema } = cedarSchemaOf([approve, pay], settings);
  const conditions = [
    "context has task && context.task.break_glass",
    'context has task && context.task has incident && context.task.incident.severity == "P1"',
    "context has task && context.task has runbook && context.task.runbook.declares",
    "context has posture && context.posture.evidence_age > 60 && context.posture.idle_days > 30",
    "context.risk > 80 || !context.risk_known || context.strength_rank < 4",
    'context.anomalies.contains("new_behaviour")',
    "context.local.hour >= context.settings.limits.first && context.local.minute < 30",
    'context.local.weekday > 5 && context.local.date == "2026-12-25"',
    'context has tool && context.tool.data.contains("credentials") && context.tool.untrusted',
    'context has tool && context.tool has environment && context.tool.environment == "production"',
    "context has amount && context.amount.greaterThan(context.settings.limits.most)",
    'context has currency && context.currency == "EUR"',
    'context has history && context.history.labels.contains("x") && context.history.tool_calls > 3',
    "context has history && context.history has amount_after && context.history.amount_after.greaterThan(context.history.amount)",
    "context has window && context.window has agent_minute && context.window.agent_minute > 10",
    'context.facts has owed && context.facts.owed.greaterThan(decimal("1.0"))',
  ];
  for (const condition of conditions) {
    const policy = `forbid (principal, action in Action::"call", resource) when { ${condition} };`;
    assert.deepEqual(problems(schema, policy), [], condition);
  }
  const unknown = "forbid (principal, action, resource) when { context.settings.limits.second == 1 };";
  assert.match(problems(schema, unknown).join(), /second/);
});

test("the digest names the schema: the same tools give the same, another argument gives another", () => {
  const other = tool("finance/approveExpense", ["write", "external"], { amount: { type: "integer" } });
  assert.equal(cedarSchemaOf([approve]).digest, cedarSchemaOf([approve]).digest);
  assert.notEqual(cedarSchemaOf([approve]).digest, cedarSchemaOf([other]).digest);
});
