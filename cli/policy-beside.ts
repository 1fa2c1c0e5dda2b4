import { openClient } from "./client.ts";
import { draftOf } from "./policy-files.ts";
import { counted, done, moment, printTable } from "./policy-print.ts";
import { withProblems } from "./policy-sets.ts";
import { bold, Misuse, say, visible, yellow } from "./say.ts";
import { momentAhead } from "./time-said.ts";

interface Beside {
  version: string;
  by: string;
  at: number;
}

interface Report extends Beside {
  totals: { unchanged: number; newly_refused: number; newly_allowed: number; newly_asked: number };
  differences: {
    difference: string;
    action: string;
    agent: string;
    active_policies: string[];
    shadow_policies: string[];
    decision: string;
    count: number;
  }[];
}

interface BesideOptions {
  json?: boolean;
  beside?: boolean;
  stop?: boolean;
}

/** `policy shadow`: starts one, ends it, or tells what it would have decided otherwise. */
export async function shadow(words: string[], options: BesideOptions): Promise<void> {
  if (options.stop === true) return stop("shadow", words, options);
  if (words.length === 0) return report(options);
  const which = await draftOf(words, options);
  const started = await openClient()
    .post<Beside>("/policies/shadow", which)
    .catch((error: unknown) => withProblems(error, which));
  if (options.json === true) return say.json(started);
  done(
    `${bold(started.version)} is asked beside what decides; \`countersign policy shadow\` tells the difference`,
  );
}

async function stop(
  name: "shadow" | "canary",
  words: readonly string[],
  { json }: BesideOptions,
): Promise<void> {
  if (words.length > 0) throw new Misuse("--stop goes with nothing else.", "Leave the set out.");
  const ended = await openClient().delete<Beside>(`/policies/${name}`);
  if (json === true) return say.json(ended);
  done(`the ${name} ${bold(ended.version)} has ended`);
}

async function report({ json }: BesideOptions): Promise<void> {
  const { version, at, by, totals, differences } = await openClient().get<Report>("/policies/shadow");
  if (json === true) return say.json({ version, at, by, totals, differences });
  printTable(
    ["DIFFERENCE", "TIMES", "ACTION", "AGENT", "DECIDED BY", "WOULD BE BY", "EXAMPLE"],
    differences.map((row) => [
      row.difference,
      String(row.count),
      row.action === "" ? "(others)" : row.action,
      row.agent,
      row.active_policies.join(", "),
      row.shadow_policies.join(", "),
      row.decision,
    ]),
  );
  if (differences.length > 0) say.line();
  const all = Object.values(totals).reduce((sum, total) => sum + total, 0);
  say.line(
    `${bold(version)} since ${moment(at)}: of ${counted(all, "decision")} ${totals.newly_refused} newly refused, ` +
      `${totals.newly_allowed} newly allowed, ${totals.newly_asked} newly asked.`,
  );
}

/** `policy canary`: has a set decide for a share of the tasks, ends that, or tells of it. */
export async function canary(words: string[], options: BesideOptions & { share?: string }): Promise<void> {
  if (options.stop === true) return stop("canary", words, options);
  if (words.length === 0) return canaryNow(options);
  const share = Number(options.share);
  if (!Number.isInteger(share) || share < 1 || share > 99)
    throw new Misuse("What share of the tasks?", "Say it in per cent, 1 to 99: --share 5");
  const which = await draftOf(words, options);
  const body = typeof which === "string" ? refuse(which) : { ...which, share };
  const started = await openClient()
    .post<Beside>("/policies/canary", body)
    .catch((error: unknown) => withProblems(error, which));
  if (options.json === true) return say.json(started);
  done(
    `${bold(started.version)} decides for ${share} % of the tasks, until it is stopped or a set is activated`,
  );
}

const refuse = (which: string): never => {
  throw new Misuse(`${which} cannot be a canary.`, "Name a folder, files, or a version (pv_…).");
};

async function canaryNow({ json }: BesideOptions): Promise<void> {
  const now = await openClient().get<Beside & { share: number }>("/policies/canary");
  if (json === true) return say.json(now);
  say.line(
    `${bold(now.version)} decides for ${now.share} % of the tasks, since ${moment(now.at)} by ${visible(now.by)}.`,
  );
}

interface ObserveOptions {
  json?: boolean;
  for?: string;
  until?: string;
  stop?: boolean;
}

/** `policy observe`: has policies refuse nothing for a while, ends that, or tells of it. */
export async function observe(options: ObserveOptions): Promise<void> {
  const client = openClient();
  if (options.stop === true) {
    await client.delete("/policies/observe");
    if (options.json === true) return say.json({ observing: false });
    return done("policies refuse again what they do not allow");
  }
  const until = untilOf(options);
  const now = until === undefined ? await client.get<{ until: number }>("/policies/observe") : await client.post<{ until: number }>("/policies/observe", { until }); // biome-ignore format: one thought
  if (options.json === true) return say.json(now);
  say.line(`${yellow("!")} policies refuse nothing until ${moment(now.until)}: all is decided and recorded`);
}

function untilOf({ for: span, until }: ObserveOptions): number | undefined {
  if (span !== undefined && until !== undefined) throw new Misuse("Give --for or --until, not both.");
  if (span !== undefined) return momentAhead(span, Date.now());
  if (until === undefined) return undefined;
  const at = Date.parse(until);
  if (Number.isNaN(at))
    throw new Misuse(`${until} is no time.`, "Such as 2026-12-01 or 2026-12-01T18:00:00Z.");
  return at;
}
