import type { Command } from "commander";
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
      const { items } = await openClient().get<{ items: Service[] }>("/services?limit=200");
      if (items.length === 0)
        return say.line("No services yet. Register one: countersign services add <name> --owner <person>");
      const rows = items.map(({ id, name, status, resources }) => [id, name, status, resources.join(" ")]);
      say.line(table([["ID", "NAME", "STATUS", "RESOURCES"], ...rows]));
    });
  services
    .command("add <name>")
    .description("register one; then make its join token with its id")
    .requiredOption("--owner <person>", "the id of the person who answers for it")
    .option("--resource <url...>", "the audiences of tokens that it is called with", [])
    .action(async (name: string, { owner, resource }: { owner: string; resource: string[] }) => {
      const { id } = await openClient().post<Service>("/services", { name, owner, resources: resource });
      say.line(`${green("✓")} ${bold(visible(name))} is ${id}`);
    });
}
