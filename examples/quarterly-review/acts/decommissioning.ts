import type { Delegated } from "@countersign/sdk";
import type { Answered } from "../agent-process.ts";
import { check, inShort, refusalOf, served, soonTurnedAway } from "../checks.ts";
import type { Company } from "../company.ts";
import { act, agent, aside, chain, happens, person, resource, verdict } from "../stage.ts";
import { askPortal } from "./consent.ts";

const tool = "cloud/listMachines";
const args = { region: "eu-west-1" };

/** Otto ends the agent that was taken over: its identity, its tokens and its delegations go together. */
export async function decommissioning(company: Company, number: number): Promise<void> {
  act(number, "The agent that was taken over is decommissioned, in the middle of another task");
  await beginsAnotherTask(company);
  await company.otto.post("/agents/cloud-inventory-agent/decommission");
  happens(`${person("Otto")} decommissions ${agent("cloud-inventory-agent")}`);
  await isGone(company);
  await leavesItsTrail(company);
}

async function beginsAnotherTask(company: Company): Promise<void> {
  const { alice, planning, inventory, grant, audience } = company;
  const task = await askPortal(company, "Count the machines once more.");
  await alice.tell("consent", { task });
  await planning.tell("pickUp", { task, as: "recount" });
  const handOn = {
    under: "recount",
    to: inventory.name,
    grants: [grant(tool)],
    expiresIn: 3_600,
    purpose: "recount",
  };
  const delegated = await planning.tell<Delegated>("delegate", handOn);
  await inventory.tell("receive", { as: "recount", ...delegated });
  await inventory.tell("ask", { as: "recount", under: "recount", resource: audience("cloud") });
  served("its token works", await call(company));
  verdict(chain(agent("cloud-inventory-agent"), ["called", resource(tool)]), "ALLOW");
}

async function isGone(company: Company): Promise<void> {
  const { inventory, planning, grant, audience } = company;
  const refused = await soonTurnedAway(() => call(company));
  verdict(chain(agent("cloud-inventory-agent"), ["called", resource(tool)]), "REFUSED", refused);
  const ask = { as: "more", under: "recount", resource: audience("cloud") };
  const unknown = await refusalOf("a token for who is gone", inventory.tell("ask", ask));
  verdict(chain(agent("cloud-inventory-agent"), ["asked for", "a token"]), "REFUSED", inShort(unknown));
  const handOn = {
    under: "recount",
    to: inventory.name,
    grants: [grant(tool)],
    expiresIn: 60,
    purpose: "recount",
  };
  const nobody = await refusalOf("a delegation to who is gone", planning.tell("delegate", handOn));
  const line = chain(agent("planning-agent"), ["asked for", `${agent("cloud-inventory-agent")} to go on`]);
  verdict(line, "REFUSED", inShort(nobody));
}

async function leavesItsTrail({ otto }: Company): Promise<void> {
  const path = "/audit/events?agent=cloud-inventory-agent&limit=200";
  const { items } = await otto.get<{ items: { event: { type: string } }[] }>(path);
  const types = items.map(({ event }) => event.type);
  check(
    types.includes("instance.enrolled") && types.includes("agent.decommissioned"),
    `its trail is whole: ${types}`,
  );
  check(types.includes("request.refused"), "what it was refused is part of it");
  aside(`its trail stays: ${types.length} events, from ${types[0]} to ${types.at(-1)}`);
}

const call = ({ inventory, at }: Company): Promise<Answered> =>
  inventory.tell<Answered>("call", { token: "recount", url: at(tool), tool, args });
