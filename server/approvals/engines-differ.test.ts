import assert from "node:assert/strict";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { silentLog } from "../lib/index.ts";
import { Oracle, type PolicySet, type Question } from "../policy/index.ts";
import { ask, callFor, fault, payment, promisesOn } from "./fixture.ts";

/** Holds every decision against Cedar, as if the engine that decides overlooked a permit. */
class Overlooking extends Oracle {
  override async watched(
    random: Parameters<Oracle["watched"]>[0],
    set: PolicySet,
    question: Question,
  ): Promise<PolicySet> {
    const { engine } = set;
    const overlooking = {
      evaluate: (request: Parameters<typeof engine.evaluate>[0]) => ({
        ...engine.evaluate(request),
        satisfiedForbids: ["overlooked"],
      }),
    };
    for (;;) {
      const wrong = { ...set, engine: overlooking };
      const held = await super.watched(random, wrong, question);
      if (held !== wrong) return held;
    }
  }
}

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise("where the engines differ the answer is no, with an alarm in the log", async (company) => {
    const { pat } = company;
    const oracle = new Overlooking({ log: silentLog }, 1);
    const deps = { ...company.deps, oracle };
    try {
      const refusal = await fault(ask(deps, await callFor(deps, pat, payment(10))));
      assert.equal(refusal.code, "denied");
      assert.deepEqual(
        (refusal.members.reasons as { policy: string }[]).map(({ policy }) => policy),
        ["policy-errored"],
      );
      const events = await findEvents(deps.database, { type: "policy.engines-differ", limit: 10 });
      const told = events.map(({ body }) => JSON.parse(body) as { severity: string; body: { tool: string } });
      assert.deepEqual(
        told.map(({ severity, body }) => [severity, body.tool]),
        [["alarm", "finance/pay"]],
      );
    } finally {
      await oracle.close();
    }
  });

  promise("where they agree it is decided as ever", async (company) => {
    const oracle = new Oracle({ log: silentLog }, 1);
    const deps = { ...company.deps, oracle };
    try {
      assert.equal((await ask(deps, await callFor(deps, company.pat, payment(10)))).verdict, "allow");
    } finally {
      await oracle.close();
    }
  });
});
