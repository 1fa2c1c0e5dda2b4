import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { openClient } from "./client.ts";
import { draftOf, whichOf } from "./policy-files.ts";
import { counted, moment, printTable } from "./policy-print.ts";
import { bold, faint, green, Misuse, red, say, Trouble, visible, yellow } from "./say.ts";
import { momentPast } from "./time-said.ts";

interface Explained {
  verdict: string;
  version: string;
  policies: { id: string; part: string; text: string }[];
  text: string;
}

interface Decision extends Explained {
  decision: string;
  at: number;
  by: "active" | "canary";
  observed: boolean;
  action: string;
  tool?: string;
  agent?: string;
  person?: string;
  task?: string;
}

/** `policy why`: a decision explained, with the text of the policies that made it. */
export async function why(id: string, { json }: { json?: boolean }): Promise<void> {
  const told = await openClient().get<Decision>(`/decisions/${encodeURIComponent(id)}`);
  if (json === true) return say.json(told);
  const { tool, action, agent, person, task, at, by, observed, version } = told;
  const who = [agent, person && `for ${person}`, task && `in ${task}`].filter(Boolean).join(" ");
  say.line(`${bold(visible(tool ?? action))} ${visible(who)}`);
  say.line(faint(`${moment(at)}, by ${version}${by === "canary" ? " as a canary" : ""}`));
  printExplained(told);
  if (observed) say.line(yellow("Policies were only observed, so it happened all the same."));
}

function printExplained({ verdict, text, policies }: Explained): void {
  const [headline = "", ...lines] = text.split("\n");
  const colour = verdict === "deny" ? red : verdict === "require-approval" ? yellow : green;
  say.line(colour(visible(headline)));
  for (const line of lines) say.line(visible(line));
  for (const { text: source } of policies) {
    say.line();
    for (const line of source.split("\n")) say.line(faint(`  ${visible(line)}`));
  }
}

/** `policy simulate`: what a set would say to a question that nobody asked. */
export async function simulate(
  question: string,
  options: { json?: boolean; against?: string[] },
): Promise<void> {
  const said = questionIn(question);
  const which = options.against === undefined ? "active" : whichOf(options.against);
  const told = await openClient().post<Explained>("/policies/simulate", { ...said, which });
  if (options.json === true) return say.json(told);
  printExplained(told);
  say.line();
  say.line(faint(`By ${told.version}. Nothing was recorded, and nobody was asked.`));
}

/** A file, or the question itself in braces: as in a policy's test, `given` and perhaps `approved`. */
function questionIn(text: string): { given: unknown; approved?: unknown } {
  const source = text.trimStart().startsWith("{") ? text : readQuestion(text);
  const said = parsed(source);
  if (typeof said !== "object" || said === null || Array.isArray(said)) throw noQuestion();
  const { given, approved, ...rest } = said as Record<string, unknown>;
  // A test can be handed in as it is; what it expects is its own.
  const { name: _, expect: __, ...others } = rest;
  if (given === undefined) return { given: rest };
  if (Object.keys(others).length > 0) throw noQuestion();
  return { given, ...(approved === undefined ? {} : { approved }) };
}

function readQuestion(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch {
    throw new Trouble(`The file ${path} cannot be read.`, "Check its path, or give the question in braces.");
  }
}

function parsed(source: string): unknown {
  try {
    return parse(source, { maxAliasCount: 0 });
  } catch {
    throw noQuestion();
  }
}

const noQuestion = (): Misuse =>
  new Misuse(
    "This is no question.",
    "Such as: countersign policy simulate '{ tool: reports/publish, args: { title: Q3 } }'",
  );

interface Replayed {
  version: string;
  considered: number;
  totals: Record<"newly_refused" | "newly_allowed" | "newly_asked" | "unknown" | "unchanged", number>;
  groups: {
    class: string;
    action: string;
    agent: string;
    was: string[];
    would: string[];
    unknown: string[];
    count: number;
    examples: string[];
  }[];
  next?: string;
}

interface ReplayOptions {
  json?: boolean;
  beside?: boolean;
  since: string;
  until?: string;
  limit: string;
  action?: string;
  agent?: string;
}

/** `policy replay`: recorded decisions again, by a draft. */
export async function replay(words: string[], options: ReplayOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new Misuse(`${options.limit} is no number of decisions.`, "Say it in digits.");
  const now = Date.now();
  const body = {
    which: await draftOf(words, options),
    since: momentPast(options.since, now),
    ...(options.until === undefined ? {} : { until: momentPast(options.until, now) }),
    ...(options.action === undefined ? {} : { action: options.action }),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    limit,
  };
  const told = await openClient().post<Replayed>("/policies/replay", body);
  if (options.json === true) return say.json(told);
  printReplayed(told);
}

function printReplayed({ considered, totals, groups, next, version }: Replayed): void {
  const rows = groups.map((group) => [
    group.class,
    String(group.count),
    group.action,
    group.agent,
    group.was.join(", "),
    group.class === "unknown" ? `not recorded: ${group.unknown.join(", ")}` : group.would.join(", "),
    group.examples[0] ?? "",
  ]);
  printTable(["", "TIMES", "ACTION", "AGENT", "DECIDED BY", "WOULD BE BY", "EXAMPLE"], rows);
  if (rows.length > 0) say.line();
  say.line(
    `${bold(version)} on ${counted(considered, "decision")}: ${totals.newly_refused} newly refused, ` +
      `${totals.newly_allowed} newly allowed, ${totals.newly_asked} newly asked, ${totals.unknown} unknown, ` +
      `${totals.unchanged} unchanged.${next === undefined ? "" : " There are older ones: raise --limit."}`,
  );
}
