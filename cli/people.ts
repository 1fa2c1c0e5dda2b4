import type { Command } from "commander";
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
      const { items } = await openClient().get<{ items: Person[] }>("/people?limit=200");
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
    .command("add <name> <email>")
    .description("register one; then invite her")
    .option("--group <name...>", "her groups", [])
    .option("--department <name>", "her department")
    .option("--manager <person>", "the id of her manager")
    .action(add);
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

async function handOver(person: string, to: string): Promise<void> {
  const given = await openClient().post<Record<string, number>>(`${pathOf(person)}/handover`, { to });
  const { agents, services, accounts } = given;
  say.line(`${green("✓")} handed over: ${agents} agents, ${services} services, ${accounts} accounts`);
}

async function depart(person: string): Promise<void> {
  const { id } = await openClient().post<Person>(`${pathOf(person)}/depart`);
  const orphans = new URLSearchParams({ owner: id, orphaned: "true", limit: "200" });
  const { items } = await openClient().get<{ items: { name: string }[] }>(`/agents?${orphans}`);
  say.line(`${green("✓")} ${bold(visible(id))} has left`);
  if (items.length > 0)
    say.line(`  ${items.length} agents need another owner: countersign people hand-over ${id} <person>`);
}
