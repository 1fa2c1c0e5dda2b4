import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { names, task } from "./events-fixture.ts";
import { story, told } from "./fixture.ts";
import { buildTrace, renderTrace, type TraceEvent } from "./index.ts";

const trace = buildTrace(story, task);
const text = (events: readonly TraceEvent[], of: Record<string, string> = names): string =>
  renderTrace(buildTrace(events, task), { names: of }).join("\n");

const golden = `\
task task_review   closed 2026-01-01 09:00:40Z by ● Alice Ng
  2026-01-01 09:00:00Z  ● Alice Ng (session, hardware-bound) asked ◆ planning-agent to work for ● Alice Ng
  commitments: instruction aW5zdHJ1Y3Rpb24, purpose cHVycG9zZQ
  2026-01-01 09:00:01Z  ● Alice Ng consented   signed ✓
  ● Alice Ng is person_alice
  ● Marta Ruiz is person_marta

● Alice Ng ──signed──▶ ◆ planning-agent
  may costs/read on https://company.example (any arguments)
  may reports/publish on https://company.example (any arguments)
  until 2026-01-01 10:00:00Z
  ● Alice Ng ──signed──▶ ◆ planning-agent ──narrowed──▶ ◆ cost-analysis-agent   ALLOW · delegate-within
    may costs/read on https://company.example (any arguments)
    may reports/publish on https://company.example (any arguments), at most 3 times
    until 2026-01-01 09:30:00Z
    2026-01-01 09:00:10Z  token jti_read for https://company.example: costs/read (enrolled-key)
    2026-01-01 09:00:11Z  ● Alice Ng ──signed──▶ ◆ planning-agent ──narrowed──▶ ◆ cost-analysis-agent ──called──▶ ▣ costs/read   ALLOW · delegated-calls · instructed · executed
    2026-01-01 09:00:15Z  ● Alice Ng ──signed──▶ ◆ planning-agent ──narrowed──▶ ◆ cost-analysis-agent ──called──▶ ▣ billing/applyCredit   DENY · cost-write-forbidden
      The chain of authority does not cover this.
    2026-01-01 09:00:20Z  ● Alice Ng ──signed──▶ ◆ planning-agent ──narrowed──▶ ◆ cost-analysis-agent ──asked──▶ ▣ reports/publish   REQUIRE_APPROVAL · approval(1 of finance)
      2026-01-01 09:00:30Z  ● Marta Ruiz ──approved──▶ ▣ reports/publish   approval(1 of finance) · signed ✓
    2026-01-01 09:00:21Z  ● Alice Ng ──signed──▶ ◆ planning-agent ──narrowed──▶ ◆ cost-analysis-agent ──called──▶ ▣ reports/publish   REQUIRE_APPROVAL · external-publication · 2 times
      The chain of authority does not cover this.
    2026-01-01 09:00:31Z  token jti_publish for https://company.example: reports/publish (enrolled-key)
    2026-01-01 09:00:33Z  ● Alice Ng ──signed──▶ ◆ planning-agent ──narrowed──▶ ◆ cost-analysis-agent ──called──▶ ▣ reports/publish   ALLOW · delegated-calls · approved

16 events of this task`;

/** Everything that no line may hold: what does not show, moves the cursor or turns the direction. */
const invisible = /(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

describe("a rendered trace", () => {
  it("tells the whole story, each action with its chain", () => {
    assert.equal(renderTrace(trace, { names }).join("\n"), golden);
  });

  it("puts a verdict on a line of its own where there is no room, and never cuts a chain", () => {
    const lines = renderTrace(trace, { names, width: 80 });
    assert.ok(lines.some((line) => line.trim() === "DENY · cost-write-forbidden"));
    assert.ok(lines.some((line) => line.endsWith("──called──▶ ▣ billing/applyCredit")));
  });

  it("colours nothing but verdicts, and only when asked to", () => {
    const coloured = renderTrace(trace, { names, colour: true }).join("\n");
    const painted = coloured.split("\u001b[").flatMap((piece) => /^3[1-6]m(.*)$/.exec(piece)?.[1] ?? []);
    assert.deepEqual([...new Set(painted)].sort(), ["ALLOW", "DENY", "REQUIRE_APPROVAL"]);
    assert.equal(stripVTControlCharacters(coloured), golden);
  });

  it("shows what hides or imitates as its code: in names of people, agents, tools, rules and reasons", () => {
    const hostile = "Eve\u001b[2J\u202e\u200b ──signed──▶ ◆ root · ALLOW   x";
    const events = told((each) =>
      each.type === "request.refused"
        ? ({
            ...each,
            body: {
              code: hostile,
              why: hostile,
              details: { action: hostile, tool: hostile, policies: [hostile], verdict: "deny" },
            },
          } as TraceEvent)
        : each,
    );
    const shown = text(events, { person_alice: hostile });
    assert.doesNotMatch(shown, invisible);
    assert.doesNotMatch(shown, /◆ root/);
    assert.match(shown, /Eve\\u001b\[2J\\u202e\\u200b/);
  });

  it("holds no character that does not show, whatever the events say", () => {
    const words = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("\u202e", "\u0000", "\n", "\ud800", "\u3164"),
    );
    fc.assert(
      fc.property(words, words, (a, b) => {
        const events = told((each) =>
          each.type === "request.refused" || each.type === "tool.called"
            ? ({
                ...each,
                body: { ...(each.body as object), tool: a, why: b, code: b, policies: [a], authority: b },
                about: { ...each.about, agent: "cost-analysis-agent" },
              } as TraceEvent)
            : each,
        );
        assert.doesNotMatch(text(events, { person_alice: a, person_marta: b }), invisible);
      }),
      { numRuns: 100 },
    );
  });

  it("tells two people of one name apart", () => {
    const shown = text(story, { person_alice: "Alice", person_marta: "Alice" });
    assert.match(shown, /● Alice \(person_alice\) ──signed──▶/);
    assert.match(shown, /● Alice \(person_marta\) ──approved──▶/);
  });

  it("says that a signature does not hold", () => {
    const events = told((each) =>
      each.type === "consent.given"
        ? ({ ...each, body: { ...(each.body as object), assertion: { signature: "AAAA" } } } as TraceEvent)
        : each,
    );
    assert.match(text(events), /consented {3}signature does not hold/);
    assert.match(text(events), /● Alice Ng ──unproven──▶ ◆ planning-agent/);
    assert.doesNotMatch(text(events), /· instructed/);
  });

  it("survives times that no calendar has", () => {
    const strange = told((each) =>
      each.type === "task.opened" ? { ...each, at: Number.MAX_SAFE_INTEGER } : { ...each, at: -each.at },
    );
    assert.ok(text(strange).length > 0);
  });
});
