import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Directory } from "./directory.ts";
import { applicationOf, ENTITIES, uid } from "./fixture.ts";

const { entities: store } = await applicationOf(['permit (principal, action == Action::"read", resource);']);
const ids = (found: readonly { uid: { id: string } }[]) => found.map(({ uid: { id } }) => id);

test("the indexes of a directory stay within their bound, whatever is asked for", () => {
  const directory = new Directory(ENTITIES, store, 100);
  for (let i = 0; i < 2_000; i++) {
    directory.within("User", uid("Group", `nobody-${i}`));
    directory.within("User", uid("Group", "x".repeat(i)));
    directory.holding("User", `attribute-${i}`, "x");
    assert.ok(directory.kept <= 200);
  }
  assert.deepEqual(ids(directory.within("User", uid("Group", "staff"))), ["ann", "bob", "cid"]);
});

test("what is found is the same whether indexes are kept or not", () => {
  const group = fc.constantFrom("staff", "editors", "nobody", "__proto__");
  const asked = fc.record({ group, level: fc.integer({ min: 0, max: 4 }) });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 20 }), fc.integer({ min: 0, max: 40 }), (questions, most) => {
      const [small, fresh] = [new Directory(ENTITIES, store, most), () => new Directory(ENTITIES, store)];
      for (const { group: name, level } of questions) {
        const above = uid("Group", name);
        assert.deepEqual(small.within("User", above), fresh().within("User", above));
        const held = BigInt(level);
        assert.deepEqual(small.holding("User", "level", held), fresh().holding("User", "level", held));
      }
    }),
    { numRuns: 100 },
  );
});
