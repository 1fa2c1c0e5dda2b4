import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { inSuccession, inUse, type Key, type LoneKey, PURPOSES, RHYTHMS, stateAt } from "./key.ts";

const states = ["prepared", "active", "retired", "dead"];

const anyLife = fc.record({
  withdrawn: fc.constant(false),
  purpose: fc.constantFrom(...PURPOSES),
  activates: fc.nat(1_000_000_000_000),
  retires: fc.option(fc.nat(1_000_000_000_000), { nil: undefined }),
});
const anyTime = fc.nat(2_000_000_000_000);

const succession = (activations: number[]): Key[] =>
  inSuccession(
    activations.map((activates, i) => ({ purpose: "token", generation: i + 1, activates }) as LoneKey),
  );

it("a key is prepared, then active, then retired, then dead, and never goes back while time goes on", () => {
  fc.assert(
    fc.property(anyLife, anyTime, anyTime, (life, a, b) => {
      const [earlier, later] = [Math.min(a, b), Math.max(a, b)];
      assert.ok(states.indexOf(stateAt(life, earlier)) <= states.indexOf(stateAt(life, later)));
    }),
  );
});

it("a key without a successor is in use for ever, and a key is used from its very moment", () => {
  const life = { purpose: "token", activates: 1_000, retires: undefined, withdrawn: false } as const;
  assert.equal(stateAt(life, 999), "prepared");
  assert.equal(stateAt(life, 1_000), "active");
  assert.equal(stateAt(life, Number.MAX_SAFE_INTEGER), "active");
});

it("a retired key verifies for exactly as long as the rhythm says, and keys kept for ever never die", () => {
  const retires = 5_000;
  for (const purpose of PURPOSES) {
    const life = { purpose, activates: 0, retires, withdrawn: false };
    assert.equal(stateAt(life, retires), "retired");
    const { kept } = RHYTHMS[purpose];
    if (kept === Number.POSITIVE_INFINITY) assert.equal(stateAt(life, Number.MAX_SAFE_INTEGER), "retired");
    else
      assert.deepEqual(
        [stateAt(life, retires + kept - 1), stateAt(life, retires + kept)],
        ["retired", "dead"],
      );
  }
});

it("a key made in an emergency withdraws every one before it and none after it, whatever the clock says", () => {
  const planned = fc.array(fc.record({ activates: fc.nat(10_000_000_000), emergency: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(planned, fc.nat(20_000_000_000), (plans, now) => {
      const keys = inSuccession(
        plans.map(({ activates, emergency }, i) => {
          const key = { purpose: "token", generation: i + 1, activates };
          return (emergency ? { ...key, emergency } : key) as LoneKey;
        }),
      );
      const last = plans.findLastIndex(({ emergency }) => emergency);
      for (const key of keys) {
        if (key.generation <= last) assert.equal(stateAt(key, now), "dead");
        else if (key.generation === last + 1) assert.equal(key.withdrawn, false);
      }
      const used = inUse(keys, "token", now);
      assert.ok(used !== undefined && used.generation > last && stateAt(used, now) !== "dead");
    }),
  );
});

it("at any time exactly one key is in use, and it is never a dead one", () => {
  const times = fc.array(fc.nat(10_000_000_000), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(times, fc.nat(20_000_000_000), (activations, now) => {
      const keys = succession(activations);
      const active = keys.filter((key) => stateAt(key, now) === "active");
      assert.equal(active.length, Math.min(...activations) <= now ? 1 : 0);
      const used = inUse(keys, "token", now);
      assert.ok(used !== undefined && stateAt(used, now) !== "dead");
      if (active.length > 0) assert.equal(used, active[0]);
    }),
  );
});

it("an emergency key overtakes one that waits: the waiting one is never used", () => {
  const [first, waiting, emergency] = succession([0, 90_000, 10_000]);
  assert.ok(first && waiting && emergency);
  assert.deepEqual([first.retires, waiting.retires, emergency.retires], [10_000, 10_000, undefined]);
  for (const now of [10_000, 90_000, 100_000])
    assert.equal(inUse([first, waiting, emergency], "token", now), emergency);
});
