import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { openClient } from "./client.ts";
import { bold, faint, green, Misuse, red, say, Trouble, visible } from "./say.ts";

interface Options {
  readonly agent: string;
  readonly image?: string;
  readonly model?: string;
  readonly modelName?: string;
  readonly signature: readonly string[];
  readonly manifest?: string;
  readonly summary?: string;
  readonly json?: boolean;
}

interface Answer {
  readonly allowed: boolean;
  readonly reasons: readonly {
    readonly reason: string;
    readonly message: string;
    readonly remedy?: string;
    readonly subject?: string;
  }[];
  readonly checks: readonly { readonly what: string; readonly subject: string; readonly by?: string }[];
  readonly summaries: readonly object[];
}

const collected = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** `gate`: the question that a pipeline asks before it starts an agent. */
export function gateCommand(program: Command): void {
  program
    .command("gate")
    .description(
      "ask whether an image and a model may be started as an agent; exits 0 if so, 1 if not, 2 if nobody could say",
    )
    .requiredOption("--agent <name>", "the agent that it would be")
    .option("--image <digest>", "the manifest's digest, sha256:…, or a reference that ends in one")
    .option("--model <path>", "a folder or file of weights, which is read here, or its root digest")
    .option("--model-name <name>", "as it is registered; what the agent declares unless said")
    .option(
      "--signature <file>",
      "a signature over the image, as a Sigstore bundle; may stand often",
      collected,
      [],
    )
    .option("--manifest <file>", "the image's manifest, where a signature is over it")
    .option("--summary <file>", "write the signed verification summaries (SLSA VSA) here, one a line")
    .option("--json", "print the answer as JSON")
    .action(gate);
}

async function gate(options: Options): Promise<void> {
  const answer = await ask(options).catch((error: unknown) => {
    // Neither yes nor no: a pipeline shall be able to tell that from a refusal.
    throw error instanceof Trouble ? new Misuse(error.message, error.remedy, error.members) : error;
  });
  if (options.summary !== undefined && answer.summaries.length > 0)
    writeFileSync(options.summary, answer.summaries.map((each) => `${JSON.stringify(each)}\n`).join(""));
  if (options.json === true) say.json(answer);
  else print(options.agent, answer);
  if (!answer.allowed) process.exitCode = 1;
}

async function ask({ agent, image, model, modelName, signature, manifest }: Options): Promise<Answer> {
  const signatures = signature.flatMap(readSignatures);
  const digest = image === undefined ? undefined : digestOf(image);
  const root = model === undefined ? undefined : await rootOf(model);
  return openClient().post<Answer>("/gate", {
    agent,
    ...(digest === undefined ? {} : { image: digest }),
    ...(root === undefined
      ? {}
      : { model: { root, ...(modelName === undefined ? {} : { name: modelName }) } }),
    ...(signatures.length === 0 ? {} : { signatures }),
    ...(manifest === undefined ? {} : { manifest: read(manifest).toString("base64") }),
  });
}

function print(agent: string, { allowed, reasons, checks }: Answer): void {
  for (const { what, subject, by } of checks)
    say.line(
      `${green("✓")} ${visible(what)} ${faint(visible(subject))}${by === undefined ? "" : ` by ${visible(by)}`}`,
    );
  for (const { reason, message, remedy, subject } of reasons) {
    say.line(`${red("✗")} ${visible(message)} ${faint(`(${visible(reason)})`)}`);
    if (subject !== undefined) say.line(`  ${visible(subject)}`);
    if (remedy !== undefined) say.line(`  ${visible(remedy)}`);
  }
  say.line(`${bold(visible(agent))} ${allowed ? green("may start") : red("may not start")}`);
}

/** A tag can be moved between the question and the start: only a digest names an image. */
export function digestOf(image: string): string {
  const [digest] = /(?<=^|@)sha256:[0-9a-f]{64}$/.exec(image) ?? [];
  if (digest !== undefined) return digest;
  throw new Misuse(
    "An image is named by its manifest's digest.",
    "Say sha256:… or repository@sha256:…, as the registry answers.",
  );
}

/** What is a folder or a file here is read; else it is a digest. */
async function rootOf(model: string): Promise<string> {
  const [root] = /(?<=^(sha256:)?)[0-9a-f]{64}$/.exec(model) ?? [];
  if (root !== undefined) return root;
  if (statSync(model, { throwIfNoEntry: false }) === undefined)
    throw new Misuse(`There is no model at ${visible(model)}.`, "Name a folder, a file, or a root digest.");
  const { digestModel } = await import("@countersign/host/measure");
  return (await digestModel(model)).root;
}

/** One bundle, or one a line as `cosign download signature` prints them. */
export function readSignatures(file: string): object[] {
  const text = read(file).toString("utf8");
  try {
    return [JSON.parse(text)].flat();
  } catch {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => parsed(file, line));
  }
}

function parsed(file: string, line: string): object {
  try {
    return JSON.parse(line);
  } catch {
    throw new Misuse(`${visible(file)} holds no JSON.`, "Give a Sigstore bundle.");
  }
}

export function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw new Misuse(`${visible(file)} cannot be read.`, "Check its path and its mode.");
  }
}
