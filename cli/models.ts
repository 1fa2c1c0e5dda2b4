import { readFileSync } from "node:fs";
import { parseStrict } from "@countersign/proof/jcs";
import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { bold, faint, green, say, Trouble, table, visible } from "./say.ts";

interface Version {
  readonly name: string;
  readonly root: string;
  readonly status: string;
  readonly registered: number;
  readonly origin?: Origin;
}
interface Origin {
  readonly model: { readonly name: string };
  readonly datasets: readonly { readonly name: string; readonly owners: readonly string[] }[];
}

/** `models`: which weights may be run here. */
export function modelsCommands(program: Command): void {
  const models = program.command("models").description("which models may be run, by whose signature");
  models.command("list [name]", { isDefault: true }).description("list the registered versions").action(list);
  models
    .command("register <name> <signature>")
    .description("let the weights be run that a trusted signer has signed (the file model.sig)")
    .requiredOption("--signer <name>", "the signer of the purpose `model` who has signed it")
    .action(register);
  models
    .command("retire <name> <root>")
    .description("let a version be run no more: whoever runs it gets nothing at its next renewal")
    .action(retire);
  models
    .command("origin <name> <root> <file>")
    .description(
      "bring the signed bill of materials (CycloneDX in a DSSE envelope) that says where it comes from",
    )
    .action(origin);
}

async function list(name?: string): Promise<void> {
  const versions = await allOf<Version>(
    name === undefined ? "/models" : `/models?name=${encodeURIComponent(name)}`,
  );
  if (versions.length === 0)
    return say.line("No models yet: countersign model sign, then countersign models register.");
  const rows = versions.map((each) => [
    each.name,
    each.status,
    new Date(each.registered).toISOString().slice(0, 10),
    each.origin === undefined ? "" : "declared",
    `sha256:${each.root}`,
  ]);
  say.line(table([["model", "status", "registered", "origin", "root"], ...rows]));
}

async function register(name: string, file: string, { signer }: { signer: string }): Promise<void> {
  const body = { bundle: readJson(file), signer };
  const { root } = await openClient().put<Version>(`/models/${encodeURIComponent(name)}`, body);
  say.line(`${green("✓")} ${bold(visible(name))} may be run as signed by ${visible(signer)}`);
  say.line(`  root  sha256:${root}`);
}

async function retire(name: string, root: string): Promise<void> {
  const body = { root: bare(root) };
  await openClient().post<Version>(`/models/${encodeURIComponent(name)}/retire`, body);
  say.line(
    `${green("✓")} ${bold(visible(name))} is run no more in this version: at the next renewal it is found out`,
  );
  say.line(faint(`  at once: countersign revoke model sha256:${bare(root)}`));
}

async function origin(name: string, root: string, file: string): Promise<void> {
  const body = { root: bare(root), document: readJson(file) };
  const { datasets } = await openClient().put<Origin>(`/models/${encodeURIComponent(name)}/bom`, body);
  say.line(
    `${green("✓")} where ${bold(visible(name))} comes from is on record: declared and signed, not proven true`,
  );
  for (const each of datasets) say.line(`  ${visible(each.name)}  ${faint(visible(each.owners.join(", ")))}`);
}

const bare = (root: string): string => root.replace(/^sha256:/, "");

function readJson(file: string): unknown {
  try {
    return parseStrict(readFileSync(file));
  } catch {
    throw new Trouble(`${file} cannot be read as JSON.`, "Name the file that was signed, such as model.sig.");
  }
}
