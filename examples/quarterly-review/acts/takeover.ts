import type { Answered } from "../agent-process.ts";
import { check, inShort, recordOf, refusalOf, turnedAway } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, aside, chain, resource, verdict } from "../stage.ts";

const tool = "cloud/listMachines";
const args = { region: "eu-west-1" };

/**
 * Somebody takes the inventory agent over. Whatever it tries is refused, and stands in the log.
 *
 * @returns the events
 */
export async function takeover(company: Company, number: number): Promise<string[]> {
  act(number, "The inventory agent is taken over, and tries");
  await company.inventory.tell("ask", { as: "count", under: "review", resource: company.audience("cloud") });
  const events: string[] = [];
  for (const attempt of [widen, useElsewhere, replay, splice]) events.push(...(await attempt(company)));
  aside("the event at the end of a line is its record in the log");
  return events;
}

const tries = (what: string): string => chain(agent("cloud-inventory-agent"), ["asked for", what]);

/** It was given Europe; it asks for America, and for a colleague to have every region. */
async function widen({ inventory, grant, audience }: Company): Promise<string[]> {
  const america = grant(tool, { region: { op: "eq", value: "us-east-1" } });
  const wider = { as: "more", under: "review", resource: audience("cloud"), grants: [america] };
  const denied = await refusalOf("more than was delegated", inventory.tell("ask", wider), "Denied");
  check((denied.policies as string[]).includes("authority-not-covered"), "its chain does not cover it");
  const handOn = {
    under: "review",
    to: "report-agent",
    grants: [grant(tool)],
    expiresIn: 60,
    purpose: "help",
  };
  const refused = await refusalOf("passing more on than it has", inventory.tell("delegate", handOn));
  return [
    told(tries("another region"), "DENY", "authority-not-covered", recordOf(denied)),
    told(tries("a colleague to have every region"), "DENY", inShort(refused), recordOf(refused)),
  ];
}

/** Its token is for the cloud API. Neither billing nor Countersign itself takes it. */
async function useElsewhere({ inventory, at, audience }: Company): Promise<string[]> {
  const billing = "billing/listInvoices";
  const call = { token: "count", url: at(billing), tool: billing, args: { quarter: "2026-Q3" } };
  const answer = await inventory.tell<Answered>("call", call);
  const refused = turnedAway("a token at another audience", answer, "invalid_token");
  verdict(calls(resource(billing)), "REFUSED", refused);
  const asActor = { under: "review", token: "count", resource: audience("cloud") };
  const failure = await refusalOf("a token for the cloud, here", inventory.tell("actWithToken", asActor));
  return [told(tries("to be somebody by the cloud's token"), "REFUSED", inShort(failure), recordOf(failure))];
}

/** The very same bytes once more: to the resource server, and to the token endpoint. */
async function replay({ inventory, at, audience }: Company): Promise<string[]> {
  await inventory.tell("call", { token: "count", url: at(tool), tool, args });
  const answer = await inventory.tell<Answered>("replay");
  const refused = turnedAway("a proof used twice", answer, "invalid_dpop_proof");
  verdict(calls(`${resource(tool)} with the same proof`), "REFUSED", refused);
  await inventory.tell("ask", { as: "count", under: "review", resource: audience("cloud") });
  const { status, body } = await inventory.tell<Answered>("replay");
  check(status >= 400 && typeof body.event === "string", `a token request sent twice is refused: ${status}`);
  return [told(tries("a token with the same proof"), "REFUSED", `${status} ${body.error}`, body.event)];
}

/** It and the cost agent lend each other what they have, to act under an authority that nobody gave. */
async function splice({ inventory, costs, audience }: Company): Promise<string[]> {
  const { actorToken } = await costs.tell<{ actorToken: string }>("giveAwayActorToken");
  const asCosts = { under: "review", actorToken, resource: audience("cloud") };
  const actor = await refusalOf("another agent's token in its chain", inventory.tell("spliceActor", asCosts));
  const { delegation } = await costs.tell<{ delegation: string }>("giveAwayDelegation", { under: "review" });
  const underCosts = { delegation, resource: audience("billing") };
  const chained = await refusalOf("another's delegation", inventory.tell("spliceDelegation", underCosts));
  return [
    told(tries("to act as ◆ cost-analysis-agent"), "REFUSED", inShort(actor), recordOf(actor)),
    told(tries("◆ cost-analysis-agent's delegation"), "REFUSED", inShort(chained), recordOf(chained)),
  ];
}

const calls = (what: string): string => chain(agent("cloud-inventory-agent"), ["called", what]);

/** Tells of a refusal, and returns the event that recorded it. */
function told(line: string, said: "DENY" | "REFUSED", why: string, event: string): string {
  verdict(line, said, why, event);
  return event;
}
