import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, parseStrict } from "../jcs/index.ts";
import {
  type Call,
  type Constraint,
  covers,
  coversAll,
  type Grant,
  meet,
  meetAll,
  parseGrant,
  parseGrants,
  permits,
  uncovered,
} from "./index.ts";

const location = "https://mcp.example.com/finance";
const parent: Grant = {
  type: "agent_tool",
  locations: [location, "https://mcp.example.com/other"],
  actions: ["tools/call", "tools/list"],
  identifier: "pay_invoice",
  args: {
    amount_cents: { op: "range", min: 1, max: 500000 },
    dept: { op: "in", values: ["41", "42"] },
    file: { op: "under", path: "/invoices/", optional: true },
  },
};
const child: Grant = {
  ...parent,
  locations: [location],
  actions: ["tools/call"],
  args: {
    amount_cents: { op: "range", min: 1, max: 100000 },
    dept: { op: "eq", value: "42" },
    file: { op: "under", path: "/invoices/2026/", optional: true },
  },
};
const open: Grant = {
  type: "agent_tool",
  locations: [location],
  actions: ["tools/call"],
  identifier: "pay_invoice",
  open_args: true,
};

const call = (args: Record<string, Json>): Call => ({
  type: "agent_tool",
  location,
  action: "tools/call",
  identifier: "pay_invoice",
  args,
});
const good = { amount_cents: 48000, dept: "42" };
const withArgs = (grant: Grant, args: Record<string, Constraint>): Grant => ({
  ...grant,
  args: { ...grant.args, ...args },
});
function withoutArg(grant: Grant, name: string): Grant {
  const { [name]: _, ...args } = grant.args ?? {};
  return { ...grant, args };
}

test("a call within the grant passes, with and without its optional argument", () => {
  assert.ok(permits(child, call(good)));
  assert.ok(permits(child, call({ ...good, file: "/invoices/2026/a.pdf" })));
  assert.ok(permits(parent, call(good)));
});

test("a call to another place, action, tool or kind is refused", () => {
  assert.ok(!permits(child, { ...call(good), location: `${location}/` }));
  assert.ok(!permits(child, { ...call(good), action: "tools/list" }));
  assert.ok(!permits(child, { ...call(good), identifier: "pay_invoices" }));
  assert.ok(!permits(child, { ...call(good), identifier: "PAY_INVOICE" }));
  assert.ok(!permits(child, { ...call(good), type: "http" }));
});

test("an argument that the grant does not name is refused", () => {
  assert.ok(!permits(child, call({ ...good, memo: "x" })));
  assert.ok(!permits(child, call({ ...good, toString: "x" })));
  assert.ok(
    !permits(
      child,
      call(parseStrict('{"amount_cents":1,"dept":"42","__proto__":{}}') as Record<string, Json>),
    ),
  );
  const { open_args: _, ...closed } = open;
  assert.ok(
    permits(closed, { type: "agent_tool", location, action: "tools/call", identifier: "pay_invoice" }),
  );
  assert.ok(!permits(closed, call({ x: 1 })));
});

test("an argument that must be there is missed", () => {
  assert.ok(!permits(child, call({ amount_cents: 48000 })));
  assert.ok(!permits(child, call({})));
  assert.ok(!permits(withArgs(open, { toString: { op: "any" as const } }), call({})));
});

test("an open grant lets other arguments pass, and still judges those it names", () => {
  assert.ok(permits(open, call({ anything: [0.123456] })));
  const limited = withArgs(open, { amount: { op: "range", max: 5 } });
  assert.ok(permits(limited, call({ amount: 5, memo: "x" })));
  assert.ok(!permits(limited, call({ amount: 6, memo: "x" })));
  assert.ok(!permits(limited, call({ memo: "x" })));
});

test("a number that two readers take for two numbers is refused, though it looks in range", () => {
  assert.ok(
    !permits(withArgs(open, { n: { op: "range", min: 0 } }), call({ n: Number("9007199254740993") })),
  );
});

test("an argument called __proto__ is constrained like any other", () => {
  const grant = parseGrant(
    parseStrict(
      `{"type":"agent_tool","locations":["${location}"],"actions":["tools/call"],"identifier":"pay_invoice",` +
        '"args":{"__proto__":{"op":"eq","value":1}},"open_args":true}',
    ),
  );
  const one = parseStrict('{"__proto__":1}') as Record<string, Json>;
  const two = parseStrict('{"__proto__":2}') as Record<string, Json>;
  assert.ok(permits(grant, call(one)));
  assert.ok(!permits(grant, call(two)));
  assert.ok(!permits(grant, call({})));
  assert.ok(!covers(grant, open));
  assert.ok(covers(open, grant));
  assert.ok(meet(grant, open) && !permits(meet(grant, open) ?? open, call(two)));
});

test("a narrower grant is covered", () => {
  assert.ok(covers(parent, child));
  assert.ok(!covers(child, parent));
});

for (const [what, wider] of Object.entries({
  "name another place": { ...child, locations: [location, "https://elsewhere"] },
  "name another action": { ...child, actions: ["tools/call", "resources/read"] },
  "name another tool": { ...child, identifier: "pay_invoices" },
  "be of another kind": { ...child, type: "http" as const },
  "widen a range": withArgs(child, { amount_cents: { op: "range", min: 1, max: 900000 } }),
  "widen a list": withArgs(child, { dept: { op: "in", values: ["42", "43"] } }),
  "climb out of a folder": withArgs(child, { file: { op: "under", path: "/", optional: true } }),
  "name an argument its parent does not name": withArgs(child, { memo: { op: "any" } }),
  "name an optional argument its parent does not name": withArgs(child, {
    memo: { op: "any", optional: true },
  }),
  "name an argument that every object inherits": withArgs(child, { toString: { op: "any" as const } }),
  "drop a constraint": withoutArg(child, "dept"),
  "drop an optional constraint": withoutArg(child, "file"),
  "make an argument optional": withArgs(child, { dept: { op: "eq", value: "42", optional: true } }),
  "open its arguments": { ...child, open_args: true as const },
})) {
  test(`a child grant cannot ${what}`, () => {
    assert.ok(!covers(parent, wider));
  });
}

test("a child of an open grant may close it and add constraints, never drop one", () => {
  const limited = withArgs(open, { amount: { op: "range", max: 5 } });
  const { open_args: _, ...closed } = limited;
  assert.ok(covers(open, limited));
  assert.ok(covers(open, closed));
  assert.ok(covers(limited, closed));
  assert.ok(covers(limited, withArgs(limited, { memo: { op: "max_len", length: 10 } })));
  assert.ok(!covers(limited, open));
  assert.ok(!covers(closed, limited));
});

test("uses may only fall, an approval stays required, and an acr stays the same", () => {
  assert.ok(covers(parent, { ...child, max_uses: 3 }));
  assert.ok(covers({ ...parent, max_uses: 3 }, { ...child, max_uses: 3 }));
  assert.ok(!covers({ ...parent, max_uses: 3 }, { ...child, max_uses: 4 }));
  assert.ok(!covers({ ...parent, max_uses: 3 }, child));
  assert.ok(covers(parent, { ...child, approval: "required" }));
  assert.ok(!covers({ ...parent, approval: "required" }, child));
  assert.ok(covers(parent, { ...child, acr: "urn:acr:mfa" }));
  assert.ok(covers({ ...parent, acr: "urn:acr:mfa" }, { ...child, acr: "urn:acr:mfa" }));
  assert.ok(!covers({ ...parent, acr: "urn:acr:mfa" }, child));
  assert.ok(!covers({ ...parent, acr: "urn:acr:mfa" }, { ...child, acr: "urn:acr:phr" }));
});

test("one child grant over the union of two parents fits inside neither", () => {
  const [first, second] = [location, "https://mcp.example.com/other"].map((one) => ({
    ...open,
    locations: [one],
  }));
  assert.ok(first && second);
  const union = { ...open, locations: [location, "https://mcp.example.com/other"] };
  assert.ok(!coversAll([first, second], [union]));
  assert.deepEqual(uncovered([first, second], [first, union]), [union]);
  assert.ok(coversAll([first, second], [second, first]));
  assert.ok(coversAll([], []));
  assert.ok(!coversAll([], [first]));
});

test("the meet keeps the conditions of both, and different acr values have none", () => {
  const both = meet({ ...open, max_uses: 5, approval: "required" }, { ...open, max_uses: 3, acr: "mfa" });
  assert.deepEqual(both, { ...open, max_uses: 3, approval: "required", acr: "mfa" });
  assert.equal(meet({ ...open, acr: "mfa" }, { ...open, acr: "phr" }), undefined);
});

test("grants that share no place, action, tool, kind or arguments do not meet", () => {
  assert.equal(meet(open, { ...open, locations: ["https://elsewhere"] }), undefined);
  assert.equal(meet(open, { ...open, actions: ["tools/list"] }), undefined);
  assert.equal(meet(open, { ...open, identifier: "other" }), undefined);
  assert.equal(meet(open, { ...open, type: "http" }), undefined);
  assert.equal(meet(parent, withArgs(parent, { dept: { op: "eq", value: "50" } })), undefined);
  assert.equal(meet(parent, withArgs(parent, { memo: { op: "any" } })), undefined);
});

test("the meet of two lists keeps the widest of what both give", () => {
  const once = { ...open, max_uses: 1 };
  assert.deepEqual(meetAll([once, open], [open]), [open]);
  assert.deepEqual(meetAll([open, once], [once, open]), [open]);
  assert.deepEqual(meetAll([open], [child]), [child]);
  assert.deepEqual(meetAll([open], []), []);
});

test("a grant is read as it was written", () => {
  const all: Grant = { ...parent, max_uses: 3, approval: "required", acr: "urn:acr:mfa", open_args: true };
  assert.deepEqual(parseGrant(parseStrict(JSON.stringify(all))), all);
  assert.deepEqual(parseGrants([open as unknown as Json]), [open]);
});

const base = { type: "scope", locations: ["https://a"], actions: ["read"], identifier: "reports" };
const unreadable: Record<string, Json> = {
  "that is nothing": null,
  "that is a list": [],
  "with an unknown member": { ...base, not_before: 1 },
  "with a member in another case": { ...base, Args: {} },
  "of an unknown type": { ...base, type: "root" },
  "of a type that every object has": { ...base, type: "toString" },
  "without locations": { type: "scope", actions: ["read"], identifier: "reports" },
  "with empty locations": { ...base, locations: [] },
  "with an empty location": { ...base, locations: [""] },
  "with a location twice": { ...base, locations: ["https://a", "https://a"] },
  "with a location that is text": { ...base, locations: "https://a" },
  "with empty actions": { ...base, actions: [] },
  "with too many actions": { ...base, actions: Array.from({ length: 65 }, (_, i) => `a${i}`) },
  "with an empty identifier": { ...base, identifier: "" },
  "with a control character": { ...base, identifier: "a\nb" },
  "with a lone surrogate": { ...base, identifier: "\ud800" },
  "with a very long identifier": { ...base, identifier: "x".repeat(4097) },
  "with args that are a list": { ...base, args: [] },
  "with args that are null": { ...base, args: null },
  "with an unnamed argument": { ...base, args: { "": { op: "any" } } },
  "with too many arguments": {
    ...base,
    args: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, { op: "any" }])),
  },
  "with open_args false": { ...base, open_args: false },
  "with max_uses 0": { ...base, max_uses: 0 },
  "with max_uses 1.5": { ...base, max_uses: 1.5 },
  "with max_uses null": { ...base, max_uses: null },
  "with approval that is not required": { ...base, approval: "none" },
  "with an empty acr": { ...base, acr: "" },
};
for (const [what, value] of Object.entries(unreadable)) {
  test(`a grant ${what} is refused`, () => {
    assert.throws(() => parseGrant(value), { name: "VerificationError", code: "malformed" });
  });
}

test("a list of grants is not empty and not endless", () => {
  for (const list of [[], {}, null, Array(65).fill(base)] as Json[]) {
    assert.throws(() => parseGrants(list), { code: "malformed" });
  }
});
