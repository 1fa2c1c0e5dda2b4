import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openTerminal, type Terminal } from "./fixture.ts";
import { lineDiff } from "./policy-print.ts";
import { momentPast, spanOf } from "./time-said.ts";

const SHIPPED = fileURLToPath(new URL("../policies", import.meta.url));

const FREEZE = `@id("freeze")
@reason("Nobody registers anybody now.")
forbid (principal, action == Action::"register", resource);
`;
/** For one department: what ships promises that others may. */
const SOME_FREEZE = FREEZE.replace(
  "resource);",
  'resource)\nwhen { principal is Person && principal has department && principal.department == "frozen" };',
);
const FREEZE_TESTS = `tests:
  - name: nobody registers
    given: { action: register, agent: none, person: { department: frozen } }
    expect: { verdict: deny, reasons: [freeze] }
`;

describe("policy, as whoever answers for what is allowed uses it", () => {
  let terminal: Terminal;
  let home: string;
  let folder: string;

  before(async () => {
    terminal = await openTerminal();
    home = terminal.home;
    folder = join(home, "mine");
    mkdirSync(folder);
    writeFileSync(join(folder, "freeze.cedar"), SOME_FREEZE);
    writeFileSync(join(home, "freeze.cedar"), FREEZE);
    writeFileSync(join(folder, "freeze.test.yaml"), FREEZE_TESTS);
    await says(/signed in/, "login", terminal.code);
  });
  after(() => terminal?.close());
  const says: Terminal["tells"] = (wanted, ...args) => terminal.tells(wanted, ...args);
  const refuses: Terminal["refuses"] = (exit, wanted, ...args) => terminal.refuses(exit, wanted, ...args);
  const json = async (...args: string[]) => JSON.parse(await says(/^[{[]/, ...args, "--json"));

  test("checks and tests without a server, and shows the place of what is wrong", async () => {
    await says(/can be activated: 0 errors/, "policy", "check", SHIPPED, "--offline");
    await says(/✓ \d+ tests in \d+ files hold/, "policy", "test", SHIPPED, "--offline");
    const broken = join(home, "broken.cedar");
    writeFileSync(
      broken,
      FREEZE.replace("principal,", 'principal,\taction == Action::"regster",').replace(
        'action == Action::"register", ',
        "",
      ),
    );
    const output = await refuses(1, /cannot be activated: 1 error/, "policy", "check", broken, "--offline");
    const [, line = "", caret = ""] = /(.*regster.*)\n(.*\^)/.exec(output) ?? [];
    assert.match(line, /^ +3 \| /);
    assert.match(line.slice(caret.indexOf("^")), /^(principal|action|Action|forbid)/, output);
  });

  test("a wrong command line is told apart from a refusal", async () => {
    await refuses(2, /unknown option/, "policy", "check", "--colour");
    await refuses(2, /Which policies/, "policy", "diff");
    await refuses(2, /per cent/, "policy", "canary", folder, "--share", "100");
    await refuses(2, /no question/, "policy", "simulate", "{ a: [ }");
    await refuses(1, /nothing at/, "policy", "check", join(home, "nowhere"));
    writeFileSync(join(home, "lost.test.yaml"), "tests: []");
    await refuses(1, /stands beside no/, "policy", "check", home);
    await refuses(1, /no such decision/, "policy", "why", "decision_1");
  });

  test("compares a draft with what decides, activates it beside that, and goes back", async () => {
    await says(/No difference/, "policy", "diff", "--shipped");
    await says(/decides/, "policy", "activate", "shipped");
    await refuses(1, /freeze\.cedar:|cannot be activated/, "policy", "activate", folder);
    const { version } = await json("policy", "activate", folder, "--beside", "-m", "a freeze");
    await says(/- @id\("freeze"\)[\s\S]*0 added, 0 changed, 1 removed/, "policy", "diff", SHIPPED);
    await says(/^No difference|0 added, 0 changed, 0 removed/m, "policy", "diff", "--shipped");
    await says(new RegExp(`${version}.*active.*a freeze`), "policy", "versions");
    const out = join(home, "out");
    await says(/files of pv_\w+ written/, "policy", "versions", version, "-o", out);
    assert.ok(readdirSync(out).includes("freeze.test.yaml"));
    assert.equal(readFileSync(join(out, "freeze.cedar"), "utf8"), SOME_FREEZE);
    await says(
      /decides again \(activation 3\); tokens issued under older/,
      "policy",
      "rollback",
      "--revoke-older",
    );
    await says(/#3 .*rolled back/, "policy", "versions");
    await says(new RegExp(`${version} decides`), "policy", "activate", version);
    await says(/decides again/, "policy", "rollback");
  });

  test("tries a draft as a shadow and as a canary, and ends both", async () => {
    await says(/is asked beside what decides/, "policy", "shadow", folder, "--beside");
    await says(/0 newly refused/, "policy", "shadow");
    await says(/has ended/, "policy", "shadow", "--stop");
    await says(/decides for 5 % of the tasks/, "policy", "canary", folder, "--beside", "--share", "5");
    await says(/decides for 5 %/, "policy", "canary");
    await refuses(1, /Another canary/, "policy", "canary", folder, "--beside", "--share", "5");
    await says(/has ended/, "policy", "canary", "--stop");
  });

  test("has policies refuse nothing for a while, and says so wherever it matters", async () => {
    await refuses(1, /30 days/, "policy", "observe", "--for", "31d");
    await says(/refuse nothing until/, "policy", "observe", "--for", "2d");
    const health = await (await fetch(`${terminal.server.issuer}/health`)).json();
    assert.ok(health.observing.until > Date.now());
    await says(/refuse again/, "policy", "observe", "--stop");
    await refuses(1, /refuse\./, "policy", "observe");
  });

  test("simulates a question in the words of policy tests, against what decides and against a draft", async () => {
    const question = "{ action: register, agent: none }";
    await says(/^Allowed\.[\s\S]*people-register/, "policy", "simulate", question);
    await says(
      /^Denied\.[\s\S]*freeze/,
      "policy",
      "simulate",
      question,
      "--against",
      join(home, "freeze.cedar"),
    );
    const file = join(home, "question.yaml");
    writeFileSync(file, `given: ${question}\nexpect: { verdict: allow }\n`);
    assert.equal((await json("policy", "simulate", file)).verdict, "allow");
  });

  test("replays what was decided against a draft, and explains one of them", async () => {
    await says(/is person_/, "people", "add", "Otto", "otto@acme.example");
    const harsh = join(home, "freeze.cedar");
    const told = await json("policy", "replay", harsh, "--beside", "--since", "1h");
    const groups = told.groups.filter((group: { class: string }) => group.class === "newly refused");
    assert.deepEqual([groups[0]?.action, groups[0]?.would], ["register", ["freeze"]]);
    await says(/1 newly refused/, "policy", "replay", harsh, "--beside");
    await says(/Allowed\.[\s\S]*@id\("people-register"\)/, "policy", "why", groups[0].examples[0]);
  });
});

test("two texts are compared line by line", () => {
  assert.deepEqual(lineDiff(["a", "b", "c"], ["a", "x", "c", "d"]), [
    [" ", "a"],
    ["-", "b"],
    ["+", "x"],
    [" ", "c"],
    ["+", "d"],
  ]);
});

test("spans and dates are what they say, and nothing else is", () => {
  assert.deepEqual([spanOf("30m"), spanOf("7d"), momentPast("1h", 3_600_000)], [1_800_000, 604_800_000, 0]);
  for (const text of ["", "0d", "7", "-1d", "1w", "d"]) assert.throws(() => spanOf(text));
});
