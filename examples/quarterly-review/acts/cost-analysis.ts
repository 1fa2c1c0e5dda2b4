import type { Reason } from "@countersign/sdk";
import type { Answered } from "../agent-process.ts";
import { check, recordOf, refusalOf, served } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, aside, chain, person, resource, verdict } from "../stage.ts";

/**
 * The cost agent would like to correct an invoice. It is told which rule forbids it, and goes on reading.
 *
 * @returns the event that recorded the denial
 */
export async function costAnalysis(company: Company, number: number): Promise<string> {
  act(number, "The cost agent asks to write to billing, and is told why not");
  const denial = await isForbiddenToWrite(company);
  await goesOnReading(company);
  return denial;
}

const authority = (last: "asked for" | "called", tool: string): string =>
  chain(
    person("Alice"),
    ["signed", agent("planning-agent")],
    ["narrowed", agent("cost-analysis-agent")],
    [last, resource(tool)],
  );

async function isForbiddenToWrite({ costs, grant, audience }: Company): Promise<string> {
  const tool = "billing/applyCredit";
  const asked = { as: "credit", under: "review", resource: audience("billing"), grants: [grant(tool)] };
  const denied = await refusalOf("writing to billing", costs.tell("ask", asked), "Denied");
  const reasons = denied.reasons as readonly Reason[];
  const rule = reasons.find(({ policy }) => policy === "cost-write-forbidden");
  check(rule !== undefined, `cost-write-forbidden forbids it, not ${JSON.stringify(reasons)}`);
  verdict(authority("asked for", tool), "DENY", rule.policy);
  aside(`“${rule.reason}”`);
  const others = reasons.filter(({ policy }) => policy !== rule.policy).map(({ policy }) => policy);
  const event = recordOf(denied);
  aside(`${denied.decision}, recorded as ${event}${others.length > 0 ? `; also ${others.join(", ")}` : ""}`);
  return event;
}

async function goesOnReading({ costs, audience, at }: Company): Promise<void> {
  const tool = "billing/listInvoices";
  await costs.tell("ask", { as: "costs", under: "review", resource: audience("billing") });
  const call = { token: "costs", url: at(tool), tool, args: { quarter: "2026-Q3" } };
  const { invoices } = served("the cost agent reads", await costs.tell<Answered>("call", call)) as {
    invoices: unknown[];
  };
  verdict(authority("called", tool), "ALLOW", `${invoices.length} invoices of 2026-Q3`);
}
