import type { Answered } from "../agent-process.ts";
import { inShort, recordOf, refusalOf, served, soonTurnedAway } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, aside, chain, happens, resource, verdict } from "../stage.ts";

/** The portal closes the task. In that moment every token and every delegation of it is dead, everywhere. */
export async function closing(company: Company, task: string, number: number): Promise<void> {
  act(number, "The task closes, and with it all authority that was given for it");
  const { portal, costs, inventory, planning, audience, grant } = company;
  served("until then the tokens live", await readInvoices(company));
  await portal.tell("closeTask", { task });
  happens(`the portal closes ${task}`);
  const refused = await soonTurnedAway(() => readInvoices(company));
  verdict(
    chain(agent("cost-analysis-agent"), ["called", resource("billing/listInvoices")]),
    "REFUSED",
    refused,
  );

  const ask = { as: "late", under: "review", resource: audience("cloud") };
  const late = await refusalOf("a token after the end", inventory.tell("ask", ask));
  verdict(
    chain(agent("cloud-inventory-agent"), ["asked for", "a token"]),
    "REFUSED",
    inShort(late),
    recordOf(late),
  );
  const grants = [grant("cloud/listMachines")];
  const handOn = { under: "review", to: "report-agent", grants, expiresIn: 60, purpose: "late" };
  const dead = await refusalOf("a delegation after the end", planning.tell("delegate", handOn));
  verdict(
    chain(agent("planning-agent"), ["asked for", "a delegation"]),
    "REFUSED",
    inShort(dead),
    recordOf(dead),
  );
  aside(`what ${costs.name} held was valid by its own dates for minutes yet`);
}

const readInvoices = ({ costs, at }: Company): Promise<Answered> => {
  const tool = "billing/listInvoices";
  return costs.tell<Answered>("call", { token: "costs", url: at(tool), tool, args: { quarter: "2026-Q3" } });
};
