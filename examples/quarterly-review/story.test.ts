import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import { run, startByHand } from "./server-by-hand.ts";

const story = new URL("./story.ts", import.meta.url).pathname;
const postgres = process.env.COUNTERSIGN_TEST_DATABASE_URL;

/** What the story must have shown, in this order. */
const shown = [
  /● Alice with one bit of her signature changed {3}REFUSED · 401/,
  /● Alice ──signed──▶ ◆ planning-agent {3}ALLOW · consent/,
  /├─ ◆ cost-analysis-agent/,
  /▣ cloud\/listMachines {3}ALLOW/,
  /▣ cloud\/listMachines {3}REFUSED · 401 The access token has expired/,
  /▣ cloud\/listMachines {3}ALLOW · policy was asked again/,
  /● Alice ──signed──▶ ◆ planning-agent ──narrowed──▶ ◆ cost-analysis-agent ──asked for──▶ ▣ billing\/applyCredit {3}DENY · cost-write-forbidden/,
  /▣ billing\/listInvoices {3}ALLOW/,
  /another region {3}DENY · authority-not-covered · event_/,
  /▣ billing\/listInvoices {3}REFUSED · 401 The access token is for another resource/,
  /with the same proof {3}REFUSED · 401 This DPoP proof has been used/,
  /to act as ◆ cost-analysis-agent {3}REFUSED .* event_/,
  /▣ reports\/publish {3}REQUIRE_APPROVAL · manager/,
  /● Marta signs with her passkey/,
  /▣ reports\/publish elsewhere {3}REFUSED · 403/,
  /▣ reports\/publish {3}ALLOW · approved by Marta/,
  /▣ reports\/publish again {3}REFUSED · 403/,
  /the portal closes task_/,
  /▣ billing\/listInvoices {3}REFUSED · 401 The access token has (been revoked|ended)/,
  /a token {3}REFUSED · This task is closed/,
  /● Otto decommissions ◆ cloud-inventory-agent/,
  /▣ cloud\/listMachines {3}REFUSED · 401 The access token has (been revoked|ended)/,
  /\$ countersign task trace/,
  /\$ countersign audit verify\n {3}│ ✓ \d+ events, none changed, dropped or reordered/,
  /The log does not hold at event \d+/,
  /Everything above was checked/,
];

test("the quarterly review holds, act by act, against a server started by hand", async () => {
  await tellStory({});
});

test("it holds on PostgreSQL too", {
  skip: postgres === undefined ? "no COUNTERSIGN_TEST_DATABASE_URL" : false,
}, async () => {
  await withDatabase(postgres ?? "", (url) => tellStory({ DATABASE_URL: url }));
});

async function tellStory(env: Record<string, string>): Promise<void> {
  const server = await startByHand(env);
  try {
    const args = [story, "--issuer", server.issuer, "--folder", join(server.folder, "story")];
    const told = run(args, { COUNTERSIGN_FIRST_LINK: server.link });
    assert.equal(await told.ended, 0, `${told.output()}\n${server.output()}`);
    assertShown(told.output());
  } finally {
    await server.stop();
  }
}

function assertShown(output: string): void {
  let rest = output;
  for (const line of shown) {
    const match = line.exec(rest);
    assert.ok(match, `${line} is missing in what follows:\n${rest}`);
    rest = rest.slice(match.index + match[0].length);
  }
}

/** Runs with an empty database of its own. */
async function withDatabase(url: string, use: (url: string) => Promise<void>): Promise<void> {
  const name = `story_${process.pid}_${Date.now()}`;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query(`create database ${name}`);
    const own = new URL(url);
    own.pathname = `/${name}`;
    await use(own.href);
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}
