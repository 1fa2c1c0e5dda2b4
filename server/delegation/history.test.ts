import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { forEachEngine, type TestDatabase } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import { migrations } from "./fixture.ts";
import {
  advance,
  type History,
  inherit,
  NO_HISTORY,
  type RememberedCall,
  seenBy,
  together,
} from "./history.ts";
import { addMarks, countCallOf, type HistoryKey, historiesOf } from "./store-history.ts";
import { SPANS, windowCounts } from "./window.ts";

const NAMES = ["reports/read", "bank/pay", "__proto__", "constructor", "toString"];
const LABELS = ["customer-data", "credentials", "secrets", "__proto__", "untrusted"];

const remembered: fc.Arbitrary<RememberedCall> = fc.record(
  {
    tool: fc.constantFrom(...NAMES),
    data: fc.uniqueArray(fc.constantFrom(...LABELS)),
    untrusted: fc.boolean(),
    amount: fc.record({
      value: fc.bigInt(-(10n ** 19n), 10n ** 19n),
      currency: fc.constantFrom("EUR", "USD", "__proto__", ""),
    }),
  },
  { requiredKeys: ["tool", "data", "untrusted"] },
);
const calls = fc.array(remembered, { maxLength: 12 });

const after = (made: readonly RememberedCall[]): History => made.reduce(advance, NO_HISTORY);

describe("a history", () => {
  test("counts every call once, in all and by tool, in whatever order they come", () => {
    fc.assert(
      fc.property(calls, fc.constantFrom(...NAMES), (made, tool) => {
        const seen = seenBy(after(made), tool);
        assert.equal(seen.calls, made.length);
        assert.equal(seen.toolCalls, made.filter((call) => call.tool === tool).length);
        assert.deepEqual(after([...made].reverse()), after(made));
      }),
    );
  });

  test("never forgets a label or that content from outside was read", () => {
    fc.assert(
      fc.property(calls, remembered, (made, next) => {
        const [before, now] = [after(made), advance(after(made), next)];
        for (const label of [...before.labels, ...next.data]) assert.ok(now.labels.includes(label));
        assert.equal(now.untrusted, before.untrusted || next.untrusted);
      }),
    );
  });

  test("sums what each tool moves by currency, exactly, and no call brings a sum down", () => {
    fc.assert(
      fc.property(calls, remembered, fc.constantFrom(...NAMES), (made, next, tool) => {
        const [before, now] = [seenBy(after(made), tool), seenBy(advance(after(made), next), tool)];
        for (const [currency, sum] of Object.entries(before.amounts)) {
          const counts = next.tool === tool && next.amount?.currency === currency;
          const moved = counts ? (next.amount?.value ?? 0n) : 0n;
          assert.equal(
            Object.getOwnPropertyDescriptor(now.amounts, currency)?.value,
            sum + (moved < 0n ? -moved : moved),
          );
        }
      }),
    );
  });

  test("inherits what sticks and no counts, and inheriting twice is inheriting once", () => {
    fc.assert(
      fc.property(calls, calls, (own, others) => {
        const [mine, theirs] = [after(own), after(others)];
        const inherited = inherit(mine, theirs);
        assert.deepEqual(inherited.tools, mine.tools);
        assert.deepEqual(inherit(inherited, theirs), inherited);
        assert.deepEqual(together(mine, theirs), together(theirs, mine));
      }),
    );
  });

  test("of a call of one tool leaves what is seen of another as it was, but for the calls in all", () => {
    fc.assert(
      fc.property(calls, remembered, fc.constantFrom(...NAMES), (made, next, tool) => {
        fc.pre(next.tool !== tool);
        const [before, now] = [seenBy(after(made), tool), seenBy(advance(after(made), next), tool)];
        assert.deepEqual([now.toolCalls, now.amounts], [before.toolCalls, before.amounts]);
      }),
    );
  });
});

test("a window holds the calls within its span before now, and those that another clock put ahead of it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -SPANS.day * 2, max: 1000 })), fc.nat(1_000_000), (ages, now) => {
      const counts = windowCounts(
        ages.map((age) => now + age),
        now,
      );
      for (const span of ["minute", "hour", "day"] as const)
        assert.equal(counts[span], ages.filter((age) => age > -SPANS[span]).length);
      assert.ok(counts.minute <= counts.hour && counts.hour <= counts.day);
    }),
  );
});

forEachEngine((engine) => {
  test("what the store keeps is what `advance` makes of the same calls", async () => {
    const open: TestDatabase = await engine.open(migrations);
    try {
      let number = 0;
      const property = fc.asyncProperty(calls, async (made) => {
        const key: HistoryKey = `task:${number++}`;
        const change = new Change(open.database);
        for (const call of made) {
          countCallOf(change, key, call);
          addMarks(change, key, { labels: call.data, untrusted: call.untrusted });
        }
        if (!change.isEmpty) await open.database.commit(change);
        assert.deepEqual(await historiesOf(open.database, [key]), [after(made)]);
      });
      await fc.assert(property, { numRuns: 60 });
    } finally {
      await open.close();
    }
  });
});
