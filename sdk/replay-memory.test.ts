import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createReplayMemory } from "./replay-memory.ts";

test("a proof is new once, and seen until it expires", () => {
  const memory = createReplayMemory(10);
  assert.equal(memory.note("x", "a", 60_000, 0), "new");
  assert.equal(memory.note("x", "a", 60_000, 59_999), "seen");
  assert.equal(memory.note("y", "a", 60_000, 59_999), "new", "another sender's is another");
});

test("a full memory takes nothing more of whoever filled it, rather than forget what could be sent again", () => {
  const memory = createReplayMemory(3);
  assert.equal(memory.note("x", "a", 60_000, 0), "new");
  assert.equal(memory.note("x", "b", 60_000, 0), "new");
  assert.equal(memory.note("x", "c", 60_000, 30_000), "full");
  assert.equal(memory.note("x", "a", 60_000, 30_000), "seen");
});

test("what has expired makes room", () => {
  const memory = createReplayMemory(2);
  memory.note("x", "a", 60_000, 0);
  assert.equal(memory.note("y", "b", 120_000, 1_000), "full");
  assert.equal(memory.note("y", "b", 120_000, 60_000), "new");
});

test("whoever floods a service loses its own room, and everybody else goes on", () => {
  const memory = createReplayMemory(1_000);
  const flood = (now: number): string[] =>
    Array.from({ length: 5_000 }, (_, nth) => memory.note("flood", `${now}-${nth}`, now + 60_000, now));
  for (let now = 0; now < 30_000; now += 1_000) {
    assert.ok(flood(now).includes("full"));
    for (let quiet = 0; quiet < 20; quiet++)
      assert.equal(memory.note(`quiet-${quiet}`, String(now), now + 60_000, now), "new");
  }
  for (let quiet = 0; quiet < 20; quiet++)
    assert.equal(memory.note(`quiet-${quiet}`, "0", 60_000, 59_000), "seen", "and is remembered");
});

test("what was forgotten of whoever flooded does not count again, and what is made after that does", () => {
  const memory = createReplayMemory(100);
  for (let nth = 0; nth < 99; nth++) assert.equal(memory.note("flood", String(nth), 60_000, 0), "new");
  assert.equal(memory.note("quiet", "a", 60_000, 0), "new");
  for (let nth = 0; nth < 99; nth++) assert.equal(memory.note("flood", String(nth), 60_000, 59_999), "full");
  assert.equal(memory.note("flood", "later", 61_000, 1_000), "new");
});

test("of a crowd of many keys that all flood, none keeps a quiet one out", () => {
  const memory = createReplayMemory(10_000);
  for (let round = 0; round < 100; round++)
    for (let key = 0; key < 200; key++) memory.note(`flood-${key}`, String(round), 60_000, 0);
  for (let nth = 0; nth < 10; nth++) assert.equal(memory.note("quiet", String(nth), 60_000, 0), "new");
});

test("no proof ever counts twice, and no more are remembered than there is room for", () => {
  const sent = fc.record({
    sender: fc.constantFrom("x", "x", "x", "x", "y", "z"),
    key: fc.integer({ min: 0, max: 9 }),
    lives: fc.integer({ min: 1, max: 2 }),
    passes: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 900),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 8 }),
      fc.array(sent, { minLength: 20, maxLength: 80 }),
      (limit, all) => {
        const memory = createReplayMemory(limit);
        const counted = new Set<string>();
        let now = 0;
        for (const { sender, key, lives, passes } of all) {
          now += passes;
          const expiresAt = (Math.floor(now / 1_000) + lives) * 1_000;
          const name = `${key}-${expiresAt}`;
          if (memory.note(sender, name, expiresAt, now) !== "new") continue;
          assert.ok(!counted.has(`${sender} ${name}`), `${sender} ${name} counted twice`);
          counted.add(`${sender} ${name}`);
        }
        const remembered = [...counted].filter((one) => {
          const [sender = "", name = ""] = one.split(" ");
          const expiresAt = Number(name.split("-")[1]);
          return expiresAt > now && memory.note(sender, name, expiresAt, now) === "seen";
        });
        assert.ok(remembered.length < limit);
      },
    ),
    { numRuns: 300 },
  );
});
