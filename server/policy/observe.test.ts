import assert from "node:assert/strict";
import { forEachEngine } from "../audit/test-databases.ts";
import { hours, silentLog } from "../lib/index.ts";
import { replacePolicies } from "./activate.ts";
import { decide } from "./decide.ts";
import { decidingFor, letPass } from "./deciding.ts";
import {
  administrator,
  asked,
  eventsOf,
  FORBID,
  mine,
  PERMIT,
  promisesOn,
  publisher,
  refused,
} from "./fixture.ts";
import { observedNow, startObserving, stopObserving, tellOfObserving, warnOfObserving } from "./observe.ts";

const DAY = hours(24);

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise("policies are observed until a date within 30 days, by a publisher's word", async ({ deps }) => {
    const now = deps.clock.now();
    await assert.rejects(startObserving(deps, publisher, now + DAY), refused("conflict"), "nothing decides");
    await replacePolicies(deps, publisher, mine(FORBID));
    for (const until of [now, now - 1, now + 30 * DAY + 1])
      await assert.rejects(startObserving(deps, publisher, until), refused("invalid"));
    await assert.rejects(startObserving(deps, administrator, now + DAY), refused("forbidden"));
    await startObserving(deps, publisher, now + 30 * DAY);
    await assert.rejects(startObserving(deps, publisher, now + DAY), refused("conflict"));
    assert.equal((await observedNow(deps))?.until, now + 30 * DAY);
  });

  promise(
    "what policy refuses passes; what the chain does not cover, and what nobody pinned, does not",
    async ({ deps }) => {
      await replacePolicies(deps, publisher, mine(`${PERMIT}\n${FORBID}`));
      await startObserving(deps, publisher, deps.clock.now() + DAY);
      const passes = async (given: object) => {
        const question = asked(given);
        const deciding = await decidingFor(deps, question);
        return letPass(deciding, question, decide(question, deciding.set, []))?.verdict;
      };
      assert.equal(await passes({}), "deny");
      assert.equal(await passes({ covered: false }), undefined);
      assert.equal(await passes({ action: "call", agent: {}, tool: "no/tool" }), undefined);
    },
  );

  promise("it ends by itself at the date, whether or not anybody has noticed", async ({ deps }) => {
    await replacePolicies(deps, publisher, mine(FORBID));
    await startObserving(deps, publisher, deps.clock.now() + DAY);
    deps.clock.advance(DAY);
    assert.equal((await decidingFor(deps, asked())).observe, undefined);
    assert.equal(await observedNow(deps), undefined);
    await startObserving(deps, publisher, deps.clock.now() + DAY);
    assert.ok((await decidingFor(deps, asked())).observe !== undefined, "it can begin anew");
  });

  promise(
    "the log is alarmed at the start and each day, and told of the end, each once",
    async ({ deps }) => {
      await replacePolicies(deps, publisher, mine(FORBID));
      await startObserving(deps, publisher, deps.clock.now() + 2 * DAY + 1);
      const alarms = async () =>
        (await eventsOf({ deps }, "policy.observing")).map(({ severity }) => severity);
      await tellOfObserving(deps);
      assert.deepEqual(await alarms(), ["alarm"]);
      for (let day = 2; day <= 3; day++) {
        deps.clock.advance(DAY);
        await Promise.all([tellOfObserving(deps), tellOfObserving(deps)]);
        assert.equal((await alarms()).length, day);
      }
      deps.clock.advance(DAY);
      await Promise.all([tellOfObserving(deps), tellOfObserving(deps)]);
      const ended = await eventsOf({ deps }, "policy.observing-ended");
      assert.deepEqual(
        ended.map(({ body }) => body.why),
        ["over"],
      );
      assert.equal((await alarms()).length, 3);
    },
  );

  promise("it can be ended before, and a server that starts meanwhile warns", async ({ deps }) => {
    await replacePolicies(deps, publisher, mine(FORBID));
    await assert.rejects(stopObserving(deps, publisher), refused("not-found"));
    await startObserving(deps, publisher, deps.clock.now() + DAY);
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_: object, message: string) => void warnings.push(message) };
    await warnOfObserving({ ...deps, log });
    assert.match(warnings[0] ?? "", /only observed/);
    await stopObserving(deps, publisher);
    await warnOfObserving({ ...deps, log });
    assert.equal(warnings.length, 1);
  });
});
