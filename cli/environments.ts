import type { Command } from "commander";
import { openClient } from "./client.ts";
import { bold, green, say, table, visible } from "./say.ts";

interface Rule {
  environment: string;
  image: boolean;
  model: boolean;
}

/** `environments`: what every agent of an environment must show, whatever is declared for it by itself. */
export function environmentCommands(program: Command): void {
  const environments = program
    .command("environments")
    .description("what every agent of an environment must show");
  environments.command("list", { isDefault: true }).description("list it").action(list);
  environments
    .command("require <environment>")
    .description(
      "say it as a whole, from the next attestation or renewal on: what is left out is not asked for",
    )
    .option("--image", "an image that some signer of ours has signed")
    .option("--model", "a model that is registered")
    .action(demand);
}

async function list(): Promise<void> {
  const { items } = await openClient().get<{ items: Rule[] }>("/attestation/environments");
  if (items.length === 0)
    return say.line("Nothing is asked for yet: countersign environments require production --image");
  say.line(
    table([["ENVIRONMENT", "EVERY AGENT SHOWS"], ...items.map((each) => [each.environment, shownBy(each)])]),
  );
}

async function demand(
  environment: string,
  { image = false, model = false }: { image?: boolean; model?: boolean },
): Promise<void> {
  const path = `/attestation/environments/${encodeURIComponent(environment)}`;
  const rule = await openClient().put<Rule>(path, { image, model });
  say.line(`${green("✓")} in ${bold(visible(rule.environment))} every agent must show ${shownBy(rule)}`);
}

const shownBy = ({ image, model }: Rule): string =>
  [image ? "a signed image" : "", model ? "a registered model" : ""]
    .filter((each) => each !== "")
    .join(", ") || "nothing besides";
