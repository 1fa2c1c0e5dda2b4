import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { bold, green, say, table, visible } from "./say.ts";

interface Person {
  id: string;
  name: string;
  department?: string;
  groups: string[];
  status: string;
}

/** `people`: who there is, and how a new one gets her passkey. */
export function peopleCommands(program: Command): void {
  const people = program.command("people").description("the people of this installation");
  people
    .command("list", { isDefault: true })
    .description("list them")
    .action(async () => {
      const items = await allOf<Person>("/people");
      const rows = items.map((person) => [
        person.id,
        person.name,
        person.department ?? "",
        person.groups.join(", "),
        person.status,
      ]);
      say.line(table([["ID", "NAME", "DEPARTMENT", "GROUPS", "STATUS"], ...rows]));
    });
  people
    .command("show <person>")
    .description("everything the registry knows of one")
    .action(async (person: string) => say.json(await openClient().get(pathOf(person))));
  people
    .command("add <name> <email>")
    .description("register one; then invite her")
    .option("--group <name...>", "her groups", [])
    .option("--department <name>", "her department")
    .option("--manager <person>", "the id of her manager")
    .action(add);
  people
    .command("role <person> <role>")
    .description("give her a role here: administrator, auditor or policy-publisher")
    .option("--withdraw", "take it from her")
    .action(role);
  act(people, "suspend", "nothing is done by her or for her any more; she can be resumed");
  act(people, "resume", "she may sign in again, and what is done for her begins anew");
  people
    .command("hand-over <person> <to>")
    .description("give all that she answers for to somebody else, before she leaves or after")
    .action(handOver);
  people
    .command("depart <person>")
    .description("she has left: her agents are orphans from now on")
    .action(depart);
  people
    .command("invite <person>")
    .description("a one-time link with which a registered person enrols a passkey (10 minutes)")
    .action(async (person: string) => {
      const { url } = await openClient().post<{ url: string }>(
        `/people/${encodeURIComponent(person)}/enrolment-link`,
      );
      say.line(url);
    });
}

async function add(
  name: string,
  email: string,
  { group, ...more }: { group: string[]; department?: string; manager?: string },
): Promise<void> {
  const { id } = await openClient().post<Person>("/people", { name, email, groups: group, ...more });
  say.line(`${green("✓")} ${bold(visible(name))} is ${id}`);
}

const pathOf = (person: string): string => `/people/${encodeURIComponent(person)}`;

function act(people: Command, verb: "suspend" | "resume", description: string): void {
  people
    .command(`${verb} <person>`)
    .description(description)
    .action(async (person: string) => {
      const { name, status } = await openClient().post<Person>(`${pathOf(person)}/${verb}`);
      say.line(`${green("✓")} ${bold(visible(name))} is ${status}`);
    });
}

async function role(
  person: string,
  name: string,
  { withdraw = false }: { withdraw?: boolean },
): Promise<void> {
  const path = `${pathOf(person)}/roles/${encodeURIComponent(name)}`;
  await (withdraw ? openClient().delete(path) : openClient().put(path));
  say.line(
    `${green("✓")} ${bold(visible(person))} is ${withdraw ? "no " : ""}${visible(name)}${withdraw ? " any more" : ""}`,
  );
}

async function handOver(person: string, to: string): Promise<void> {
  const given = await openClient().post<Record<string, number>>(`${pathOf(person)}/handover`, { to });
  const { agents, services, accounts } = given;
  say.line(`${green("✓")} handed over: ${agents} agents, ${services} services, ${accounts} accounts`);
}

async function depart(person: string): Promise<void> {
  const { id } = await openClient().post<Person>(`${pathOf(person)}/depart`);
  const orphans = new URLSearchParams({ owner: id, orphaned: "true" });
  const items = await allOf<{ name: string }>(`/agents?${orphans}`);
  say.line(`${green("✓")} ${bold(visible(id))} has left`);
  if (items.length > 0)
    say.line(`  ${items.length} agents need another owner: countersign people hand-over ${id} <person>`);
}
