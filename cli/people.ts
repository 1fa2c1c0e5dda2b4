import type { Command } from "commander";
import { openClient } from "./client.ts";
import { say, table } from "./say.ts";

interface Person {
  id: string;
  name: string;
  department: string;
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
        person.department,
        person.groups.join(", "),
        person.status,
      ]);
      say.line(table([["ID", "NAME", "DEPARTMENT", "GROUPS", "STATUS"], ...rows]));
    });
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
