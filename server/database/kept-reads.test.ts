import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Change, Step } from "./change.ts";
import { KeptReads } from "./kept-reads.ts";
import { perRow } from "./per-row.ts";

const write = (statement: string): Step => ({
  kind: "write",
  sql: statement,
  parameters: [],
  rows: "any",
  otherwise: undefined,
});
const changing = (...statements: string[]): Change => ({ steps: statements.map(write) }) as unknown as Change;

const TABLES = ["jar", "mark"] as const;
const STATEMENTS = {
  jar: 'update "jar" set "n" = ?',
  mark: 'insert into "mark" ("n") values (?)',
  unknown: 'with "x" as (select 1) delete from "mark"',
};

test("kept or not, a read finds what reading again would find, whatever is written meanwhile", () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant("read"), table: fc.constantFrom(...TABLES), key: fc.nat(2) }),
    fc.record({ kind: fc.constant("begin"), what: fc.constantFrom("jar", "mark", "unknown") }),
    fc.record({ kind: fc.constant("take effect"), nth: fc.nat(5) }),
    fc.record({ kind: fc.constant("answer"), nth: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const kept = new KeptReads();
      const stored = { jar: 0, mark: 0 };
      const underWay: { answered: () => void; effect: () => void }[] = [];
      for (const each of operations as {
        kind: string;
        table: "jar";
        key: number;
        what: "jar";
        nth: number;
      }[]) {
        const { kind, table, key, what, nth } = each;
        const one = underWay[nth % Math.max(underWay.length, 1)];
        if (kind === "read") {
          const read = () => [{ key, n: stored[table] }];
          const asked = { sql: `select from ${table}`, parameters: [key], tables: [table] };
          assert.deepEqual(kept.rows(asked, read), read());
        } else if (kind === "begin") {
          const answered = kept.change(changing(STATEMENTS[what]));
          const tables = what in stored ? [what] : TABLES;
          const effect = () => {
            for (const written of tables) stored[written] += 1;
          };
          underWay.push({ answered, effect });
        } else if (one !== undefined && kind === "take effect") one.effect();
        else if (one !== undefined) {
          one.answered();
          underWay.splice(underWay.indexOf(one), 1);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("what is kept is read once, until something is written to its table", () => {
  const kept = new KeptReads();
  let reads = 0;
  const read = () => {
    reads += 1;
    return [{ n: reads }];
  };
  const asked = { sql: "select", parameters: ["a"], tables: ["jar", "mark"] };
  kept.rows(asked, read);
  kept.rows(asked, read);
  assert.equal(reads, 1);
  kept.change(changing('delete from "other"'))();
  kept.rows(asked, read);
  assert.equal(reads, 1);
  kept.change(changing(STATEMENTS.mark))();
  kept.rows(asked, read);
  assert.equal(reads, 2);
});

test("nobody can change what is kept", () => {
  const kept = new KeptReads();
  const asked = { sql: "select", parameters: [], tables: ["jar"] };
  const [row] = kept.rows<{ n: number }>(asked, () => [{ n: 1 }]);
  assert.throws(() => Object.assign(row as object, { n: 2 }), TypeError);
  assert.throws(() => kept.rows<object>(asked, () => []).push({}), TypeError);
});

test("strangers who ask for whatever comes to their mind fill no memory", () => {
  const kept = new KeptReads();
  let most = 0;
  for (let nth = 0; nth < 100_000; nth++) {
    kept.rows({ sql: "select", parameters: [`${nth}`], tables: ["jar"] }, () => []);
    most = Math.max(most, kept.characters);
  }
  assert.ok(most > 15_000_000 && most <= 16 * 1024 * 1024, `${most}`);
  const long = "x".repeat(1_000);
  kept.rows({ sql: "select", parameters: [long + long], tables: ["jar"] }, () => []);
  const before = kept.characters;
  kept.rows({ sql: "select", parameters: [long + long], tables: ["jar"] }, () => []);
  assert.equal(kept.characters, before);
});

test("what a kept row stands for is made once and frozen to its depth; what is not kept is made each time", () => {
  let made = 0;
  const nounOf = perRow(({ list }: { list: string }) => {
    made += 1;
    return { list: JSON.parse(list) as { of: string[] } };
  });
  const row = Object.freeze({ list: '{"of":["a"]}' });
  assert.equal(nounOf(row), nounOf(row));
  assert.equal(made, 1);
  assert.throws(() => nounOf(row).list.of.push("b"), TypeError);
  const loose = { list: "{}" };
  assert.notEqual(nounOf(loose), nounOf(loose));
});
