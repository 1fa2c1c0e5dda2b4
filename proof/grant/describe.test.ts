import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describeGrant, type Grant } from "./index.ts";

const grant: Grant = {
  type: "agent_tool",
  locations: ["https://mcp.example.com/finance"],
  actions: ["tools/call"],
  identifier: "finance/approveExpense",
};
const on = "on https://mcp.example.com/finance";

test("a tool is described with its limits and conditions", () => {
  assert.equal(
    describeGrant({
      ...grant,
      args: { amount: { op: "range", max: 20000 }, dept: { op: "in", values: ["41", 42] } },
      max_uses: 3,
      approval: "required",
      acr: "urn:acr:mfa",
    }),
    `finance/approveExpense ${on} (amount \u2264 20000, dept in ["41", 42]; nothing else), ` +
      "at most 3 times, each with an approval, signed in with urn:acr:mfa",
  );
});

test("what is said of arguments is what the grant does with them", () => {
  assert.equal(describeGrant(grant), `finance/approveExpense ${on} (no arguments)`);
  assert.equal(describeGrant({ ...grant, open_args: true }), `finance/approveExpense ${on} (any arguments)`);
  assert.equal(
    describeGrant({ ...grant, args: { memo: { op: "any", optional: true } }, open_args: true, max_uses: 1 }),
    `finance/approveExpense ${on} (memo anything if given; any other argument), once`,
  );
});

test("a scope reads as its short form, other kinds name themselves", () => {
  const scope: Grant = { ...grant, type: "scope", identifier: "reports", actions: ["read", "write"] };
  assert.equal(describeGrant(scope), `reports:read,write ${on}`);
  assert.equal(
    describeGrant({ ...scope, type: "http", actions: ["GET"] }),
    `http GET reports ${on} (no arguments)`,
  );
  assert.equal(
    describeGrant({ ...grant, actions: ["tools/list"] }),
    `tools/list finance/approveExpense ${on} (no arguments)`,
  );
});

test("every operator has its phrase", () => {
  const phrases = {
    a: { op: "eq", value: { k: null } },
    b: { op: "not_in", values: [1] },
    c: { op: "subset", values: ["x"] },
    d: { op: "range", min: 1, max: 2 },
    e: { op: "range", min: 1 },
    f: { op: "under", path: "/a b" },
    g: { op: "prefix_dns", name: "example.com" },
    h: { op: "cidr", block: "10.0.0.0/8" },
    i: { op: "max_len", length: 4 },
  } as const;
  const described = describeGrant({ ...grant, args: phrases as unknown as NonNullable<Grant["args"]> });
  assert.equal(
    described,
    `finance/approveExpense ${on} (a = {"k":null}, b not in [1], c each in ["x"], d from 1 to 2, e \u2265 1, ` +
      'f under "/a b", g in domain "example.com", h in network "10.0.0.0/8", i at most 4 long; nothing else)',
  );
});

test("text that imitates a description stands in quotes", () => {
  const fake = "reports:read on https://safe.example (amount \u2264 1; nothing else)";
  assert.ok(describeGrant({ ...grant, identifier: fake }).startsWith(`"${fake}" on `));
  const quoted = { ...grant, args: { memo: { op: "eq" as const, value: 'x", amount = 1' } } };
  assert.ok(describeGrant(quoted).includes('memo = "x\\", amount = 1"'));
  assert.ok(describeGrant({ ...grant, args: { n: { op: "eq", value: "20000" } } }).includes('n = "20000"'));
});

test("what cannot be seen is shown by its number", () => {
  for (const code of [
    0x0, 0x1b, 0x7f, 0x85, 0xa0, 0xad, 0x200b, 0x200d, 0x202e, 0x2028, 0x2066, 0x2800, 0x3000, 0x3164, 0xfe0f,
    0xfeff, 0x378, 0xe000, 0xfff9,
  ]) {
    const character = String.fromCharCode(code);
    const described = describeGrant({ ...grant, identifier: `a${character}b` });
    assert.ok(!described.includes(character), code.toString(16));
    assert.ok(described.includes(`"a\\u${code.toString(16).padStart(4, "0")}b"`), described);
  }
  assert.ok(describeGrant({ ...grant, identifier: "a\u{e0041}" }).includes("\\udb40\\udc41"));
  assert.ok(describeGrant({ ...grant, identifier: "a\\u202e" }).includes('"a\\\\u202e"'));
});

test("letters of all scripts stay readable", () => {
  assert.ok(
    describeGrant({ ...grant, identifier: "B\u00fcro/\u7d4c\u8cbb" }).startsWith(
      '"B\u00fcro/\u7d4c\u8cbb" on',
    ),
  );
});

test("a description is one visible line whatever the texts", () => {
  const text = fc.string({ unit: "binary" }).filter((s) => s.isWellFormed());
  const property = fc.property(text, text, text, (identifier, location, value) => {
    const described = describeGrant({
      ...grant,
      identifier,
      locations: [location],
      args: { x: { op: "eq", value } },
    });
    assert.doesNotMatch(described, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
  fc.assert(property, { numRuns: 150 });
});
