import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { bold, green, say, table, visible } from "./say.ts";

interface Service {
  id: string;
  name: string;
  owner: string;
  resources: string[];
  status: string;
}

/** `services`: programs that open tasks for people, or are called by agents. */
export function serviceCommands(program: Command): void {
  const services = program.command("services").description("the services of this installation");
  services
    .command("list", { isDefault: true })
    .description("list them")
    .action(async () => {
      const items = await allOf<Service>("/services");
      if (items.length === 0)
        return say.line("No services yet. Register one: countersign services add <name> --owner <person>");
      const rows = items.map(({ id, name, status, resources }) => [id, name, status, resources.join(" ")]);
      say.line(table([["ID", "NAME", "STATUS", "RESOURCES"], ...rows]));
    });
  services
    .command("show <id>")
    .description("everything the registry knows of one")
    .action(async (id: string) => say.json(await openClient().get(pathOf(id))));
  services
    .command("add <name>")
    .description("register one; then make its join token with its id")
    .requiredOption("--owner <person>", "the id of the person who answers for it")
    .option("--resource <url...>", "the audiences of tokens that it is called with", [])
    .action(async (name: string, { owner, resource }: { owner: string; resource: string[] }) => {
      const { id } = await openClient().post<Service>("/services", { name, owner, resources: resource });
      say.line(`${green("✓")} ${bold(visible(name))} is ${id}`);
    });
  act(services, "suspend", "end its tokens and its access now; it can be resumed");
  act(services, "resume", "give a suspended service its access again");
}

const pathOf = (id: string): string => `/services/${encodeURIComponent(id)}`;

function act(services: Command, verb: "suspend" | "resume", description: string): void {
  services
    .command(`${verb} <id>`)
    .description(description)
    .action(async (id: string) => {
      const { name, status } = await openClient().post<Service>(`${pathOf(id)}/${verb}`);
      say.line(`${green("✓")} ${bold(visible(name))} is ${status}`);
    });
}
