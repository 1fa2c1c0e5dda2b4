import assert from "node:assert/strict";
import { it } from "node:test";
import type { Json } from "@countersign/proof/jcs";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import type { Caller } from "../lib/index.ts";
import { evaluate } from "./evaluate.ts";
import { evaluateAll } from "./evaluate-all.ts";
import { applicationDecision } from "./find-application.ts";
import { asks, definitionOf } from "./fixture.ts";
import { type House, openHouse } from "./house-fixture.ts";
import { type Evaluations, readEvaluations } from "./read-request.ts";

const READ = 'permit (principal, action == Action::"read", resource);';
const READABLE = { services: [] as string[], record: "durable" };
/** About an agent, so Countersign's own to answer; the tool is nobody's. */
const OWN = {
  subject: { type: "agent", id: "nobody" },
  action: { name: "tools/call" },
  resource: { type: "tool", id: "no/tool" },
};

async function refusals(deps: House["deps"]): Promise<unknown[]> {
  const found = await findEvents(deps.database, { type: "request.refused", limit: 100 });
  return found.map(({ body }) => {
    const { action, code, details } = JSON.parse(body).body;
    return { action, code, details };
  });
}

const askAll = async (
  deps: House["deps"],
  caller: Caller,
  items: readonly object[],
  application?: string,
) => {
  const text = JSON.stringify({ evaluations: items });
  const question = readEvaluations(JSON.parse(text) as Json) as Evaluations;
  const answer = JSON.parse(await evaluateAll(deps, caller, { question, text, application }));
  return answer.evaluations as { decision: boolean; context: Record<string, string> }[];
};

forEachEngine((engine) => {
  const promise = (name: string, keep: (house: House) => Promise<void>): void =>
    void it(name, async () => {
      const house = await openHouse(engine);
      await keep(house).finally(() => house.close());
    });

  promise(
    "what is refused among many questions is recorded once for each distinct refusal",
    async ({ deps, foreign }) => {
      const before = await refusals(deps);
      const wrong = { ...asks("ann read plan"), subject: { type: 1, id: "ann" } };
      const items = [wrong, asks("ann read plan"), OWN, wrong, asks("bob read plan"), OWN];
      const answers = await askAll(deps, foreign.caller, items);
      assert.ok(answers.every(({ decision }) => !decision));
      const action = "authzen.evaluate-all";
      const [known, found] = [before.length, await refusals(deps)];
      assert.deepEqual(
        new Set(found.slice(known)),
        new Set([
          { action, code: "malformed", details: {} },
          { action, code: "forbidden", details: {} },
          { action, code: "denied", details: { reason: "not-yours-to-ask" } },
        ]),
      );
      assert.equal(found.length, known + 3);
    },
  );

  promise("a question about an agent that is none is recorded as refused", async ({ deps, files }) => {
    const before = (await refusals(deps)).length;
    await evaluate(deps, files.caller, { question: OWN, text: "{}", application: undefined });
    assert.deepEqual((await refusals(deps)).slice(before), [
      { action: "authzen.evaluate", code: "denied", details: { reason: "not-yours-to-ask" } },
    ]);
  });

  promise("an application that is another's and none at all leave the same record", async (house) => {
    const { deps, put, pat, files, foreign } = house;
    await put(pat.caller, definitionOf([READ], { ...READABLE, services: [files.id] }));
    const items = [asks("ann read plan")];
    const [known, unknown] = [
      await askAll(deps, foreign.caller, items, "files"),
      await askAll(deps, foreign.caller, items, "nowhere"),
    ];
    assert.deepEqual(known, unknown);
    const [one, another] = (await refusals(deps)).slice(-2);
    assert.deepEqual(one, another);
  });

  promise(
    "an application's record holds nothing of what the same request asked about agents",
    async ({ deps, put, pat, files }) => {
      await put(pat.caller, definitionOf([READ], { ...READABLE, services: [files.id] }));
      const [own, its] = await askAll(deps, files.caller, [OWN, asks("ann read plan")]);
      assert.deepEqual([own?.decision, its?.decision], [false, true]);
      const id = its?.context.decision_id ?? "";
      const { request, answer } = await applicationDecision(deps, pat.caller, { name: "files", id });
      assert.deepEqual(request, { evaluations: [asks("ann read plan")] });
      assert.deepEqual(answer, { evaluations: [its] });
    },
  );
});
