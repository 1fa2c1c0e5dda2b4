/**
 * The quarterly review: conducts the processes of this folder through the story, prints each act as it
 * happens, and ends with an error if anything that it claims does not hold.
 *
 *     node story.ts --issuer http://localhost:4600 --first-link <link>
 *
 * The link may stand in COUNTERSIGN_FIRST_LINK instead, where other users of the machine cannot read it.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { closing } from "./acts/closing.ts";
import { consent } from "./acts/consent.ts";
import { costAnalysis } from "./acts/cost-analysis.ts";
import { decommissioning } from "./acts/decommissioning.ts";
import { delegation } from "./acts/delegation.ts";
import { inventory } from "./acts/inventory.ts";
import { proof } from "./acts/proof.ts";
import { publication } from "./acts/publication.ts";
import { signIn } from "./acts/sign-in.ts";
import { takeover } from "./acts/takeover.ts";
import { openCompany } from "./company.ts";
import { happens, title } from "./stage.ts";

const { values } = parseArgs({
  options: {
    issuer: { type: "string", default: "http://localhost:4600" },
    "first-link": { type: "string" },
    /** Where the copies of the log stay; without it they are removed at the end. */
    folder: { type: "string" },
  },
});
const firstLink = values["first-link"] ?? process.env.COUNTERSIGN_FIRST_LINK;
if (firstLink === undefined) throw new Error("Give the first administrator's link with --first-link.");
const folder = values.folder ?? (await mkdtemp(join(tmpdir(), "countersign-story-")));
await mkdir(folder, { recursive: true });

title("Countersign · the quarterly review");
const began = performance.now();
const company = await openCompany(values.issuer, firstLink);
happens("Otto administers; he has applied the company's manifest.");
happens("Each process made its key in memory and enrolled it; its join token is refused a second time.");
try {
  await signIn(company, 1);
  const task = await consent(company, 2);
  await delegation(company, task, 3);
  await inventory(company, 4);
  const denial = await costAnalysis(company, 5);
  const refusals = await takeover(company, 6);
  await publication(company, 7);
  await closing(company, task, 8);
  await decommissioning(company, 9);
  await proof(company, { task, denial, refusals, folder }, 10);
} finally {
  await company.leave();
  if (values.folder === undefined) await rm(folder, { recursive: true });
}
title(`\nEverything above was checked. It took ${((performance.now() - began) / 1000).toFixed(1)} s.`);
