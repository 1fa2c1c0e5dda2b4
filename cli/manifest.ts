import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { openClient } from "./client.ts";
import { bold, faint, green, red, say, Trouble, visible, yellow } from "./say.ts";

interface Step {
  kind: string;
  name: string;
  action: "create" | "change" | "unchanged" | "remove";
  fields: string[];
}

/** `plan` and `apply`: agents, teams, tools and policies as an application's repository declares them. */
export function manifestCommands(program: Command): void {
  program
    .command("plan")
    .description("show what applying a manifest would change")
    .requiredOption("-f, --file <file>", "the manifest, YAML")
    .action(async ({ file }) => print(await send("/manifest/plan", file), "would be "));
  program
    .command("apply")
    .description("make the installation what a manifest declares")
    .requiredOption("-f, --file <file>", "the manifest, YAML")
    .action(async ({ file }) => print(await send("/manifest/apply", file), ""));
}

const send = (path: string, file: string): Promise<{ steps: Step[] }> =>
  openClient().post(path, read(file), "application/yaml");

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Trouble(`The file ${file} cannot be read.`, "Check its path.");
  }
}

const DONE = { create: "created", change: "changed", unchanged: "unchanged", remove: "removed" } as const;

function print({ steps }: { steps: Step[] }, tense: string): void {
  for (const { kind, name, action, fields } of steps) {
    const mark = { create: green("+"), change: yellow("~"), unchanged: faint("="), remove: red("-") }[action];
    say.line(`${mark} ${kind} ${bold(visible(name))} ${faint(`${tense}${DONE[action]}`)}`);
    if (action === "change") say.line(`    ${fields.map(visible).join(", ")}`);
  }
  const changed = steps.filter((step) => step.action !== "unchanged").length;
  say.line(changed === 0 ? "Nothing to change." : `${changed} of ${steps.length} ${tense}changed.`);
}
