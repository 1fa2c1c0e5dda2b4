import assert from "node:assert/strict";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import {
  defineServer,
  defineTool,
  findServer,
  findTool,
  putTool,
  readDefinition,
  type ToolDefinition,
} from "../catalog/index.ts";
import { type Caller, Fault, system } from "../lib/index.ts";
import { activatePolicies, installShippedPolicies, replacePolicies } from "./activate.ts";
import { activeSet } from "./active-set.ts";
import { admissionOfTools } from "./admission.ts";
import { admitServer, admitTool } from "./admit-definition.ts";
import { startCanary } from "./canary.ts";
import {
  administrator,
  agent,
  eventsOf,
  mine,
  PERMIT,
  type PolicyTestDatabase,
  promisesOn,
  publisher,
  refused,
} from "./fixture.ts";
import type { PolicyFile, Problem } from "./policy.ts";
import { toolPut } from "./routes-definitions.ts";
import { startShadow } from "./shadow.ts";

type Deps = PolicyTestDatabase["deps"];
type Properties = ToolDefinition["inputSchema"]["properties"];

const PAY: ToolDefinition = {
  server: "finance",
  name: "pay",
  description: "Pays.",
  labels: ["external", "write"],
  inputSchema: {
    type: "object",
    properties: { amount: { type: "integer" }, note: { type: "string" }, sum: { type: "number" } },
  },
  amount: { argument: "amount", currency: "EUR" },
  data: ["payments"],
  untrusted: true,
  facts: [{ name: "owed", type: "integer", url: "https://finance.example/owed", pointer: "/owed" }],
};

const withArguments = (properties: Properties): ToolDefinition => ({
  ...PAY,
  inputSchema: { type: "object", properties },
});
const { amount, note, sum } = PAY.inputSchema.properties as Record<string, { type: "integer" }>;
/** The amount under another name, as an update of the tool might bring it. */
const RENAMED = { ...withArguments({ amountt: { type: "integer" }, note, sum } as Properties) };

const without = (...names: (keyof ToolDefinition)[]): ToolDefinition =>
  Object.fromEntries(
    Object.entries(PAY).filter(([name]) => !names.includes(name as keyof ToolDefinition)),
  ) as unknown as ToolDefinition;

/** What the amount is read from must be declared, so a definition that renames it says no amount. */
const bare = ({ amount: _, ...definition }: ToolDefinition): ToolDefinition => definition;

const forbid = (condition: string, scope = 'action == Action::"finance/pay"'): PolicyFile[] =>
  mine(`${PERMIT}
@id("guard") @reason("Guard.")
forbid (principal, ${scope}, resource) when { ${condition} };`);

const ABOVE = forbid("context.args has amount && context.args.amount > 5000");
const both: Caller = { ...publisher, roles: ["administrator", "policy-publisher"] };

async function pinned(deps: Deps): Promise<void> {
  await defineServer(deps, system, {
    id: "finance",
    resource: "https://finance.example/",
    environment: "production",
  });
  await defineTool(deps, system, { definition: PAY });
}

/** Offers another definition in place of the pinned one. */
async function repin(
  deps: Deps,
  definition: ToolDefinition,
  { acceptLoss, caller = administrator }: { acceptLoss?: true; caller?: Caller } = {},
) {
  const replaces = (await findTool(deps, "finance/pay"))?.digest;
  return admitTool(deps, caller, { definition, replaces, acceptLoss });
}

const problemsOf = (error: unknown): Problem[] =>
  error instanceof Fault ? (error.members as { problems: Problem[] }).problems : assert.fail(String(error));

async function refusal(attempt: Promise<unknown>): Promise<Fault> {
  const error = await attempt.then(
    () => assert.fail("it was admitted"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Fault && error.code === "invalid", String(error));
  return error;
}

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise("an argument that a policy in force reads cannot be renamed under it", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(deps, system, ABOVE);
    const fault = await refusal(repin(deps, bare(RENAMED)));
    const [first] = problemsOf(fault);
    assert.deepEqual([first?.file, first?.line, first?.policy], ["mine.cedar", 2, "guard"]);
    assert.match(
      first?.message ?? "",
      /context\.args\.amount, which finance\/pay would not declare any more/,
    );
    assert.match(fault.remedy ?? "", /Activate policies that fit first, then pin/);
    assert.ok("amount" in ((await findTool(deps, "finance/pay"))?.inputSchema.properties ?? {}));
    await replacePolicies(deps, system, forbid("context.args has amountt && context.args.amountt > 5000"));
    await repin(deps, bare(RENAMED));
    assert.ok("amountt" in ((await findTool(deps, "finance/pay"))?.inputSchema.properties ?? {}));
  });

  promise("a definition under which a policy in force does not validate is refused", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(deps, system, ABOVE);
    const retyped = bare(withArguments({ amount: { type: "string" }, note, sum } as Properties));
    const [first] = problemsOf(await refusal(repin(deps, retyped, { acceptLoss: true, caller: both })));
    assert.deepEqual([first?.file, first?.line, first?.policy], ["mine.cedar", 3, "guard"]);
    // A tool that is new can do that to a policy for all tools as well.
    await replacePolicies(
      deps,
      system,
      forbid("context.args has amount && context.args.amount > 5000", 'action in Action::"write"'),
    );
    const other = { ...retyped, name: "book" };
    await refusal(admitTool(deps, administrator, { definition: other }));
    assert.equal(await findTool(deps, "finance/book"), undefined);
  });

  promise("an argument that a policy only asks for keeps its declared type, too", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(deps, system, forbid("context.args has note"));
    const retyped = withArguments({ amount, note: { type: "integer" }, sum } as Properties);
    const [first] = problemsOf(await refusal(repin(deps, retyped)));
    assert.match(
      first?.message ?? "",
      /context\.args\.note, which finance\/pay would declare with another type/,
    );
  });

  promise("facts, amount and marks that a policy in force reads stay declared", async ({ deps }) => {
    await pinned(deps);
    const lost: [string, ToolDefinition, RegExp][] = [
      ["context.facts has owed && context.facts.owed > 5", without("facts"), /context\.facts\.owed/],
      ["context has amount", without("amount"), /what a call moves/],
      ["context has currency", { ...PAY, amount: { argument: "sum", currency: "EUR" } }, /from elsewhere/],
      [
        'context has history && context.history.amount.greaterThan(decimal("5.0"))',
        { ...PAY, amount: { argument: "amount", currency: "USD" } },
        /from elsewhere/,
      ],
      ['context has tool && context.tool.data.contains("payments")', without("data"), /payments/],
      ["context has tool && context.tool.untrusted", without("untrusted"), /untrusted/],
    ];
    for (const [condition, definition, words] of lost) {
      await replacePolicies(deps, system, forbid(condition));
      const [first] = problemsOf(await refusal(repin(deps, definition)));
      assert.match(first?.message ?? "", words);
    }
  });

  promise("marks that go on into a task's history stay for policies about other tools", async ({ deps }) => {
    await pinned(deps);
    const other = 'action in Action::"destructive"';
    await defineTool(deps, system, { definition: { ...PAY, name: "erase", labels: ["destructive"] } });
    await replacePolicies(deps, system, forbid("context has history && context.history.untrusted", other));
    await refusal(repin(deps, without("untrusted")));
    await repin(deps, without("data"));
  });

  promise("whoever reads all arguments reads each of them", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(deps, system, forbid("{ a: context.args } == { a: context.args }"));
    await refusal(repin(deps, withArguments({ amount, sum } as Properties)));
  });

  promise("a first pin, and changes that lose nothing that is read, pass", async ({ deps }) => {
    await defineServer(deps, system, { id: "finance", resource: "https://finance.example/" });
    await replacePolicies(
      deps,
      system,
      forbid("context.args has amount && context.args.amount > 5", 'action in Action::"write"'),
    );
    await admitTool(deps, administrator, { definition: PAY });
    await repin(deps, { ...PAY, description: "Pays somebody." });
    await repin(deps, withArguments({ amount } as Properties));
    await repin(deps, withArguments({ amount, to: { type: "string" } } as Properties));
    await repin(deps, { ...withArguments({ amount } as Properties), facts: [], labels: ["read", "write"] });
    const events = await eventsOf({ deps }, "tool.repinned");
    assert.equal(events.length, 4);
    assert.ok(events.every(({ body }) => !("policy_loss" in body)));
  });

  promise("what did not validate before does not keep other tools from being pinned", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(deps, system, ABOVE);
    const text = bare(withArguments({ amount: { type: "string" } } as Properties));
    const replaces = (await findTool(deps, "finance/pay"))?.digest;
    // As an earlier version would have let it happen.
    await defineTool(deps, system, { definition: text, replaces });
    await admitTool(deps, administrator, { definition: { ...PAY, name: "book" } });
    await repin(deps, PAY, { acceptLoss: true, caller: both });
  });

  promise("policies about other tools have no say", async ({ deps }) => {
    await pinned(deps);
    await defineTool(deps, system, { definition: { ...PAY, name: "book" } });
    await replacePolicies(deps, system, forbid("context.args has note", 'action == Action::"finance/book"'));
    await repin(deps, withArguments({ amount, sum } as Properties));
  });

  promise(
    "a label that a policy in force is scoped to is not taken from a tool without saying so",
    async ({ deps }) => {
      await pinned(deps);
      await replacePolicies(deps, system, forbid("true", 'action in Action::"external"'));
      const inside: ToolDefinition = { ...PAY, labels: ["write"] };
      const [first] = problemsOf(await refusal(repin(deps, inside)));
      assert.match(first?.message ?? "", /about tools that are external/);
      await replacePolicies(deps, system, forbid('action in Action::"external"', "action"));
      await refusal(repin(deps, inside));
      // Still within its scope by another label.
      const either = 'action in [Action::"external", Action::"write"]';
      await replacePolicies(deps, system, forbid("true", either));
      await repin(deps, inside);
    },
  );

  promise(
    "a loss is accepted by a policy publisher only, and the log names the policies that lose",
    async ({ deps }) => {
      await pinned(deps);
      await replacePolicies(deps, system, forbid("true", 'action in Action::"external"'));
      const inside: ToolDefinition = { ...PAY, labels: ["write"] };
      await assert.rejects(repin(deps, inside, { acceptLoss: true }), refused("forbidden"));
      await assert.rejects(
        repin(deps, inside, { acceptLoss: true, caller: publisher }),
        refused("forbidden"),
      );
      await assert.rejects(repin(deps, inside, { caller: agent }), refused("forbidden"));
      await repin(deps, inside, { acceptLoss: true, caller: both });
      const [event] = await eventsOf({ deps }, "tool.repinned");
      assert.deepEqual(event.body.policy_loss, ["guard"]);
    },
  );

  promise("a canary refuses as the active set does; a shadow warns", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(deps, system, mine(PERMIT));
    await startShadow(deps, publisher, { policies: ABOVE });
    const digest = (await findTool(deps, "finance/pay"))?.digest;
    const { server, name, ...said } = bare(RENAMED);
    const put = { params: { server, tool: name }, body: { ...said, replaces: digest } };
    const { body } = await toolPut.handle(deps, administrator, put as Parameters<typeof toolPut.handle>[2]);
    const { warnings = [] } = body as { warnings?: Problem[] };
    assert.deepEqual(
      warnings.map(({ severity, policy }) => [severity, policy]),
      [["warning", "guard"]],
    );
    await repin(deps, PAY);
    await startCanary(deps, publisher, { which: { policies: ABOVE }, share: 1 });
    await refusal(repin(deps, bare(RENAMED)));
  });

  promise("another digest than the pinned one is a conflict before policies are asked", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(deps, system, ABOVE);
    for (const replaces of [undefined, "other"])
      await assert.rejects(
        admitTool(deps, administrator, { definition: bare(RENAMED), replaces }),
        refused("conflict"),
      );
  });

  promise("a server keeps the environment that policies in force read", async ({ deps }) => {
    await pinned(deps);
    await replacePolicies(
      deps,
      system,
      forbid('context has tool && context.tool has environment && context.tool.environment == "production"'),
    );
    const { environment: _, ...nowhere } = (await findServer(deps, "finance")) ?? assert.fail();
    const server = { ...nowhere };
    const [first] = problemsOf(await refusal(admitServer(deps, administrator, { server })));
    assert.match(first?.message ?? "", /context\.tool\.environment, which finance would not have/);
    await admitServer(deps, administrator, { server: { ...server, environment: "staging" } });
    await admitServer(deps, both, { server, acceptLoss: true });
    const events = await eventsOf({ deps }, "server.defined");
    assert.deepEqual(
      events.flatMap(({ body }) => body.policy_loss ?? []),
      ["guard"],
    );
  });

  promise("policies that begin to decide while a tool is pinned are asked as well", async ({ deps }) => {
    await pinned(deps);
    for (const start of [
      () => replacePolicies(deps, system, ABOVE),
      () => startCanary(deps, publisher, { which: { policies: ABOVE }, share: 1 }),
    ]) {
      let attempts = 0;
      const definition = bare(RENAMED);
      const replaces = (await findTool(deps, "finance/pay"))?.digest;
      const attempt = perform(deps, system, "tool.define", async (change) => {
        attempts += 1;
        const admission = await admissionOfTools(deps, system, [readDefinition(definition)]);
        await putTool(deps, change, system, { definition, replaces });
        if (attempts === 1) await start();
        admission.guard(change);
      });
      await refusal(attempt);
      assert.equal(attempts, 2);
      await replacePolicies(deps, system, mine(PERMIT));
    }
  });

  promise("a tool that is pinned while policies are activated is checked by them", async ({ deps }) => {
    await pinned(deps);
    const { version } = await replacePolicies(deps, system, mine(PERMIT));
    const text = bare(withArguments({ amount: { type: "string" }, note, sum } as Properties));
    let attempts = 0;
    const attempt = perform(deps, system, "policy.activate", async (change) => {
      attempts += 1;
      await activatePolicies(deps, change, system, ABOVE);
      if (attempts === 1) await repin(deps, text);
    });
    await refusal(attempt);
    assert.equal(attempts, 2);
    assert.equal((await activeSet(deps))?.version, version);
  });

  promise(
    "of a pin and an activation at once that do not fit each other one is refused",
    async ({ deps }) => {
      await pinned(deps);
      await replacePolicies(deps, system, mine(PERMIT));
      const text = bare(withArguments({ amount: { type: "string" }, note, sum } as Properties));
      const done = await Promise.allSettled([repin(deps, text), replacePolicies(deps, system, ABOVE)]);
      assert.deepEqual(done.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    },
  );

  promise(
    "the first tools are pinned before any policies decide, and under the shipped ones",
    async ({ deps }) => {
      const server = { id: "finance", resource: "https://finance.example/" };
      await admitServer(deps, system, { server });
      await admitTool(deps, system, { definition: PAY });
      await installShippedPolicies(deps, system);
      await admitTool(deps, system, { definition: { ...PAY, name: "book" } });
      await refusal(repin(deps, { ...PAY, labels: ["write"] }));
    },
  );
});
