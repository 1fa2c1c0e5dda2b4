import { openClient } from "./client.ts";
import { draftOf, type PolicyFile, type Which, whichOf, writeSet } from "./policy-files.ts";
import {
  counted,
  done,
  moment,
  type Problem,
  printChange,
  printProblems,
  printTable,
  printText,
  summaryOf,
} from "./policy-print.ts";
import { bold, faint, green, Misuse, red, say, Trouble, visible, yellow } from "./say.ts";

interface Version {
  version: string;
  author: string;
  at: number;
  message?: string;
  deciding: string[];
}

interface Activation {
  number: number;
  version: string;
  at: number;
  by: string;
  kind: "activate" | "rollback";
  message?: string;
}

/** `policy versions`: what is on record, what decides, and what decided before; one of them into a folder. */
export async function versions(
  version: string | undefined,
  options: { json?: boolean; out?: string },
): Promise<void> {
  const client = openClient();
  if (version !== undefined) return oneVersion(version, options);
  const { items } = await client.get<{ items: Version[] }>("/policies/versions?limit=50");
  const { items: activations } = await client.get<{ items: Activation[] }>("/policies/activations?limit=10");
  if (options.json === true) return say.json({ versions: items, activations });
  const rows = items.map(({ version, at, author, deciding, message = "" }) => [version, moment(at), author, deciding.join(", "), message]); // biome-ignore format: a row
  printTable(["VERSION", "WRITTEN", "BY", "DECIDES", "MESSAGE"], rows);
  say.line();
  const decided = activations.map(({ number, version, at, by, kind, message = "" }) => [`#${number}`, version, moment(at), by, kind === "rollback" ? "rolled back" : "activated", message]); // biome-ignore format: a row
  printTable(["", "VERSION", "SINCE", "BY", "", "MESSAGE"], decided);
  say.line(`${counted(items.length, "set")} on record, the newest first.`);
}

async function oneVersion(version: string, { json, out }: { json?: boolean; out?: string }): Promise<void> {
  const set = await openClient().get<Version & { policies: PolicyFile[] }>(
    `/policies/versions/${encodeURIComponent(version)}`,
  );
  if (json === true) return say.json(set);
  if (out !== undefined) {
    writeSet(out, set.policies);
    return done(`${counted(set.policies.length, "file")} of ${bold(set.version)} written to ${visible(out)}`);
  }
  for (const { name, text } of set.policies) {
    say.line(bold(visible(`${name}.cedar`)));
    for (const line of text.trimEnd().split("\n")) say.line(`  ${visible(line)}`);
    say.line();
  }
  say.line(`${counted(set.policies.length, "file")}, written ${moment(set.at)} by ${visible(set.author)}.`);
}

export interface ActivateOptions {
  json?: boolean;
  beside?: boolean;
  message?: string;
  revokeOlder?: boolean;
}

/**
 * `policy activate`: these policies and no others decide from now on. What is shipped takes the place of the
 * files of its names, and the others stay.
 */
export async function activate(words: string[], options: ActivateOptions): Promise<void> {
  const which = await draftOf(words, options);
  if (which === "active")
    throw new Misuse("It decides already.", "Name a folder, files, a version, or shipped.");
  await post("/policies/activate", which, options, "decides");
}

/** `policy rollback`: the set before, or a named one, decides again. */
export async function rollback(version: string | undefined, options: ActivateOptions): Promise<void> {
  await post("/policies/rollback", version === undefined ? undefined : { version }, options, "decides again");
}

async function post(
  path: string,
  which: Exclude<Which, "active"> | undefined,
  { json, message, revokeOlder = false }: ActivateOptions,
  does: string,
): Promise<void> {
  const how = { ...(message === undefined ? {} : { message }), revoke_older: revokeOlder };
  const set = which === "shipped" ? { shipped: true } : which;
  const attempt = openClient().post<{ version: string; number: number }>(path, { ...set, ...how });
  const activated = await attempt.catch((error: unknown) => withProblems(error, which));
  if (json === true) return say.json(activated);
  const older = revokeOlder ? "; tokens issued under older sets have ended" : "";
  done(`${bold(activated.version)} ${does} (activation ${activated.number})${older}`);
}

/** What is wrong with a set is told with its places, then that it was refused. */
export function withProblems(error: unknown, which: Which | undefined): never {
  const problems = error instanceof Trouble ? (error.members.problems as Problem[] | undefined) : undefined;
  if (problems === undefined) throw error;
  const files = typeof which === "object" && "policies" in which ? which.policies : [];
  printProblems(problems, files);
  throw new Trouble(
    `These policies cannot be activated: ${summaryOf(problems)}.`,
    "Mend what is listed; the policies that decided before still do.",
  );
}

interface PolicyText {
  id: string;
  file: string;
  line: number;
  text: string;
}

interface Diff {
  from: string;
  to: string;
  added: PolicyText[];
  removed: PolicyText[];
  changed: { id: string; before: PolicyText; after: PolicyText }[];
  beside: { file: string; before: string; after: string }[];
}

/** `policy diff`: what becomes other from what decides, or from a named set, to another. */
export async function diff(words: string[], options: { json?: boolean; shipped?: boolean }): Promise<void> {
  const { from, to } = sidesOf(words, options);
  const found = await openClient().post<Diff>("/policies/diff", { from, to });
  if (options.json === true) return say.json(found);
  printDiff(found);
}

function sidesOf(
  words: readonly string[],
  { shipped = false }: { shipped?: boolean },
): { from: Which; to: Which } {
  if (shipped) return { from: words.length === 0 ? "active" : whichOf(words), to: "shipped" };
  const [first, second, ...more] = words;
  if (first === undefined || more.length > 0)
    throw new Misuse("Which policies?", "countersign policy diff [<from>] <to>, each a folder or a version.");
  return second === undefined
    ? { from: "active", to: whichOf([first]) }
    : { from: whichOf([first]), to: whichOf([second]) };
}

function printDiff({ from, to, added, removed, changed, beside }: Diff): void {
  for (const { id, before, after } of changed) {
    say.line(`${yellow("~")} ${bold(visible(id))} ${faint(visible(`${after.file}:${after.line}`))}`);
    printChange(before.text, after.text);
  }
  for (const { id, file, line, text } of added) {
    say.line(`${green("+")} ${bold(visible(id))} ${faint(visible(`${file}:${line}`))}`);
    printText("+", text);
  }
  for (const { id, file, line, text } of removed) {
    say.line(`${red("-")} ${bold(visible(id))} ${faint(visible(`${file}:${line}`))}`);
    printText("-", text);
  }
  for (const { file, before, after } of beside) {
    say.line(`${yellow("~")} ${bold(visible(file))}`);
    printChange(before, after);
  }
  const counts = [`${added.length} added`, `${changed.length} changed`, `${removed.length} removed`];
  const files = beside.length === 0 ? "" : `, ${counted(beside.length, "file")} of tests or settings`;
  say.line(from === to ? "No difference." : `${counts.join(", ")}${files} from ${from} to ${to}.`);
}
