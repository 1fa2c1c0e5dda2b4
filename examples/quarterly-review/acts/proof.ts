import { cp, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeEntryBundle } from "@countersign/proof/log";
import { check } from "../checks.ts";
import { countersign } from "../command-line.ts";
import type { Company } from "../company.ts";
import { act, aside, happens, quoted } from "../stage.ts";

/** What happened, as evidence: the trace of the task, the proof of the log, and a forgery that is found out. */
export async function proof(
  { issuer, otto, resources }: Company,
  story: { task: string; denial: string; refusals: readonly string[]; folder: string },
  number: number,
): Promise<void> {
  act(number, "What happened, and the proof of it");
  await resources.tell("settle");
  const session = await terminalSession(otto);
  const run = async (...args: string[]) => {
    happens(`$ countersign ${args.map((arg) => arg.replace(story.folder, "…")).join(" ")}`);
    const { code, output } = await countersign(issuer, session, ...args);
    quoted(output.replaceAll(story.folder, "…"));
    return { code, output };
  };
  const content = async (...args: string[]): Promise<string> => {
    const { code, output } = await run(...args);
    check(code === 0, `countersign ${args.join(" ")} succeeds`);
    return output;
  };

  const trace = await content("task", "trace", story.task);
  for (const word of ["planning-agent", "reports/publish", "billing/applyCredit", "cost-write-forbidden"]) {
    check(trace.includes(word), `the trace tells of ${word}`);
  }
  for (const event of [story.denial, ...story.refusals]) await otto.get(`/audit/events/${event}/evidence`);
  await checkTurnedAway(otto, story.task);
  happens(
    `Each of the ${story.refusals.length + 1} refusals told above is in the signed log, with its proof.`,
  );
  await content("audit", "verify");
  const copies = await mkdtemp(join(story.folder, "log-"));
  const [copy, forgery] = [join(copies, "copy"), join(copies, "forgery")];
  await content("audit", "export", copy);
  await content("audit", "verify", "--copy", copy);

  const index = await forge(copy, forgery, story.denial);
  happens(`Somebody changes one word of event ${index} in a copy: refused becomes granted`);
  const { code, output } = await run("audit", "verify", "--copy", forgery);
  check(code !== 0 && output.includes(`event ${index} `), `the forgery is found at event ${index}`);
  aside("the proof needs the copy and the log's public key, and nobody's word");
}

/**
 * What the resource server refused by itself stands in the log as well, with the task whose token was used. A token
 * that has ended is not among it: whoever hears of that first refuses, the control plane or the resource server.
 */
async function checkTurnedAway(otto: Company["otto"], task: string): Promise<void> {
  const path = `/audit/events?type=call.refused&task=${task}&limit=200`;
  const { items } = await otto.get<{ items: { event: { body: { error: string; why: string } } }[] }>(path);
  const told = items.map(({ event }) => `${event.body.error}: ${event.body.why}`);
  for (const refusal of [/expired/, /another resource/, /proof has been used/, /these arguments/]) {
    check(
      told.some((each) => refusal.test(each)),
      `the log tells of a call that was refused: ${refusal}`,
    );
  }
}

/** Otto signs a terminal in, as anybody would: with a one-time code from the page. */
async function terminalSession(otto: Company["otto"]): Promise<string> {
  const { code } = await otto.post<{ code: string }>("/login/terminal-code");
  const { session } = await otto.post<{ session: string }>("/login/terminal", { code });
  return session;
}

/** @returns the place of the event that was changed */
async function forge(copy: string, forgery: string, event: string): Promise<number> {
  await cp(copy, forgery, { recursive: true });
  const files = await readdir(forgery, { recursive: true });
  let first = 0;
  for (const file of files.filter((each) => /entries\//.test(each)).sort()) {
    const path = join(forgery, file);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined) continue;
    const entries = decodeEntryBundle(bytes).map((entry) => Buffer.from(entry).toString());
    const place = entries.findIndex((entry) => entry.includes(`"id":"${event}"`));
    if (place < 0) {
      first += entries.length;
      continue;
    }
    const entry = entries[place] ?? "";
    const at = bytes.indexOf(entry) + entry.indexOf('"request.refused"');
    check(entry.includes('"request.refused"'), "the event tells of a refusal");
    bytes.write('"request.granted"', at);
    await writeFile(path, bytes);
    return first + place;
  }
  throw new Error(`${event} is not in the copy`);
}
