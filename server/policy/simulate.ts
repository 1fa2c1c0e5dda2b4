import { findServer, findTool, type Server, type Tool } from "../catalog/index.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, type GivenQuestion } from "./example-question.ts";
import { type GivenTool, givenTool } from "./example-tool.ts";
import { type Explanation, explainDecision, explanationText } from "./explanation.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { exampleReceipts } from "./policy-test-receipts.ts";
import { setOf, type Which } from "./which-set.ts";

/** A question that nobody asked. */
export interface Simulated {
  readonly explanation: Explanation;
  readonly text: string;
}

/**
 * What a set would say to a question that nobody asked, told in the few words of policy tests; the tool is the
 * one in the catalog. Nothing is recorded, nobody is asked, nothing changes.
 * @param input.approved how many people have said yes to each requirement, having seen every policy
 * @throws Fault `not-found`; `invalid` for a draft that cannot be read
 */
export async function simulate(
  deps: PolicyDeps,
  input: {
    readonly which: Which;
    readonly given: GivenQuestion;
    readonly approved: Readonly<Record<string, number>>;
  },
): Promise<Simulated> {
  const set = await setOf(deps, input.which);
  const { given, tools } = await inCatalog(deps, input.given);
  const question = exampleQuestion(given, tools);
  const verdict = decide(question, set, exampleReceipts(question, input.approved, set));
  const explanation = explainDecision(question, set, verdict);
  return { explanation, text: explanationText(explanation) };
}

/** What the catalog says of the tool, as if the test had said it; what was said of the resource stands. */
async function inCatalog(
  deps: PolicyDeps,
  given: GivenQuestion,
): Promise<{ given: GivenQuestion; tools: Record<string, GivenTool> }> {
  const tool = given.tool === undefined ? undefined : await findTool(deps, given.tool);
  const server = tool && (await findServer(deps, tool.server));
  if (tool === undefined || server === undefined) return { given, tools: {} };
  const resource = { name: server.id, location: server.resource, ...given.resource };
  return { given: { ...given, resource }, tools: { [tool.identifier]: pinned(tool, server) } };
}

function pinned({ labels, data, untrusted, amount, facts = [] }: Tool, server: Server): GivenTool {
  const declared = facts.map(({ name, type, equals }) => [name, { type, equals }] as const);
  const { environment, region } = server;
  return {
    ...givenTool.parse({ labels, data, untrusted }),
    environment: environment as GivenTool["environment"],
    region,
    amount,
    facts: Object.fromEntries(declared),
  };
}
