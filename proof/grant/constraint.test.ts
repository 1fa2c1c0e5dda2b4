import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../jcs/index.ts";
import {
  type Constraint,
  constraintCovers,
  constraintPermits,
  meetConstraints,
  parseConstraint,
} from "./index.ts";

const under = (path: string): Constraint => ({ op: "under", path });
const domain = (name: string): Constraint => ({ op: "prefix_dns", name });
const network = (block: string): Constraint => ({ op: "cidr", block });
const range = (min?: number, max?: number): Constraint => ({
  op: "range",
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});

function lets(constraint: Constraint, values: Json[]) {
  for (const value of values) assert.ok(constraintPermits(constraint, value), JSON.stringify(value));
}

function stops(constraint: Constraint, values: Json[]) {
  for (const value of values) assert.ok(!constraintPermits(constraint, value), JSON.stringify(value));
}

test("any lets everything pass", () => {
  lets({ op: "any" }, [null, 0.123456789, "", [], {}, 2 ** 60]);
});

test("eq compares JSON values, not texts", () => {
  lets({ op: "eq", value: 1 }, [1, 1.0]);
  stops({ op: "eq", value: 1 }, ["1", true, [1], null]);
  lets({ op: "eq", value: { a: 1, b: [2] } }, [{ b: [2], a: 1 }]);
  stops({ op: "eq", value: { a: 1, b: [2] } }, [{ a: 1 }, { a: 1, b: [2], c: 3 }, { a: 1, b: [2, 2] }]);
  lets({ op: "eq", value: 0 }, [-0]);
});

test("in lets only its values pass, not_in all exact values but those", () => {
  lets({ op: "in", values: ["41", "42"] }, ["41", "42"]);
  stops({ op: "in", values: ["41", "42"] }, ["43", 41, "", ["41"], null]);
  lets({ op: "not_in", values: ["41", 0] }, ["42", 41, null]);
  stops({ op: "not_in", values: ["41", 0] }, ["41", 0, -0]);
});

test("subset lets lists pass whose items are all listed", () => {
  const constraint: Constraint = { op: "subset", values: ["a", "b"] };
  lets(constraint, [[], ["a"], ["b", "a"], ["a", "a"]]);
  stops(constraint, ["a", ["a", "c"], [["a"]], { 0: "a" }, null]);
});

test("range includes its bounds and nothing beyond them", () => {
  lets(range(1, 5), [1, 5, 1.0001, 4.9999]);
  stops(range(1, 5), [0, 6, 0.9999, 5.0001, "3", null, [3], true]);
  lets(range(undefined, 20000), [-5, 20000, 19999.99]);
  lets(range(0), [-0, 0, Number.MAX_SAFE_INTEGER]);
});

test("numbers that are not exact are not judged but refused", () => {
  const inexact = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** 53,
    -(2 ** 53),
    1e21,
    1e-7,
    0.00001,
    1.00001,
    123456789012.3456,
  ];
  for (const constraint of [range(-1e15), range(undefined, 1e15)]) stops(constraint, inexact);
  stops({ op: "not_in", values: [1] }, inexact);
  stops({ op: "not_in", values: [1] }, [[2 ** 53], { a: [0.00001] }]);
  stops({ op: "max_len", length: 5 }, [[2 ** 53]]);
  lets(range(0), [9007199254740991, 12345678901.2345, 99999999999.9999]);
});

test("decimals are compared as they were written, not as doubles add up", () => {
  lets(range(0.1, 0.3), [0.1, 0.2, 0.3]);
  stops(range(0.1, 0.3), [0.1 + 0.2]);
  lets(range(0.5), [0.5, 0.51, 0.5001]);
  stops(range(0.5), [0.05, 0.4999, 0.0005]);
  lets(range(-0.5, -0.1), [-0.1, -0.5, -0.3]);
  stops(range(-0.5, -0.1), [0.1, -0.0999, -0.5001, 0.3]);
});

test("a path is under another by whole segments only", () => {
  lets(under("/data"), ["/data", "/data/", "/data/a", "/data/a/b.txt", "/data/..a", "/data/a..b"]);
  stops(under("/data"), ["/database", "/dat", "/", "", "data", "/DATA/a", "/etc/passwd", "/x/data"]);
  lets(under("/data/"), ["/data", "/data/a"]);
  lets(under("/"), ["/", "/a"]);
});

test("a path that some reader takes for another is refused", () => {
  for (const constraint of [under("/data"), under("/")]) {
    stops(constraint, [
      "/data/../etc/passwd",
      "/data/..",
      "/data/.",
      "/data/./a",
      "/data//a",
      "//data/a",
      "/data/a//",
      "/data/%2e%2e/etc",
      "/data/%2fetc",
      "/data/a\\..\\b",
      "/data/a\0.txt",
      "/data/a\n",
      "/data/.. /etc",
      "/data/ /a",
      "/data/.../a",
      "data/a",
      "file:///data/a",
      "C:/data/a",
      "\ud800",
      "/data/\ud800",
    ]);
  }
});

test("a host name is below another by whole labels only, whatever its case", () => {
  lets(domain("example.com"), ["example.com", "api.example.com", "a.b.example.com", "API.Example.COM"]);
  stops(domain("example.com"), [
    "badexample.com",
    "example.com.evil.org",
    "example.com.",
    ".example.com",
    "a..example.com",
    "com",
    "",
    "https://example.com",
    "example.com:443",
    "user@example.com",
    "a b.example.com",
    "-a.example.com",
    "a-.example.com",
    "*.example.com",
    `${"a".repeat(64)}.example.com`,
    `${"a.".repeat(130)}example.com`,
    "\u212aelvin.example.com",
    "ex\u00e4mple.com",
  ]);
  stops(domain("com"), ["127.0.0.1", "1.2.3.4"]);
});

test("an address is in a network by its bits", () => {
  lets(network("10.0.0.0/8"), ["10.0.0.0", "10.255.255.255", "10.1.0.0/16", "10.0.0.0/8", "10.1.2.3/32"]);
  stops(network("10.0.0.0/8"), ["11.0.0.0", "9.255.255.255", "10.0.0.0/7", "0.0.0.0/0", "10.1.2.3/8"]);
  lets(network("fd00::/8"), ["fd00::1", "FD12::", "fdff:1:2:3:4:5:6:7", "fd00:1::/32"]);
  stops(network("fd00::/8"), ["fe00::1", "::1", "fd00::/7", "10.0.0.1"]);
  lets(network("0.0.0.0/0"), ["0.0.0.0", "255.255.255.255"]);
  lets(network("::/0"), ["::", "::1", "1::"]);
  stops(network("::/0"), ["0.0.0.0", "10.0.0.1"]);
  stops(network("0.0.0.0/0"), ["::", "::1"]);
  lets(network("::1/128"), ["::1", "0:0:0:0:0:0:0:1"]);
});

test("an address that some reader takes for another is refused", () => {
  for (const constraint of [network("0.0.0.0/0"), network("::/0")]) {
    stops(constraint, [
      "010.0.0.1",
      "10.1",
      "10.0.0.256",
      "10.0.0.1.",
      "0x0a.0.0.1",
      "167772161",
      "10.0.0.1/33",
      "10.0.0.1/032",
      "10.0.0.1/",
      "10.0.0.1/8/8",
      " 10.0.0.1",
      "::ffff:10.0.0.1",
      "::ffff:a00:1",
      "0:0:0:0:0:ffff:a00:1",
      "::10.0.0.1",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::",
      ":1::",
      "1:::2",
      "12345::",
      "fe80::1%eth0",
      "[::1]",
      "",
    ]);
  }
});

test("max_len counts code points of texts and items of lists", () => {
  lets({ op: "max_len", length: 2 }, ["", "ab", "\u{1f600}\u{1f600}", [], [1, 2]]);
  stops({ op: "max_len", length: 2 }, ["abc", [1, 2, 3], 1, null, {}]);
  stops({ op: "max_len", length: 0 }, ["a"]);
});

test("a value nested without end is refused, not followed", () => {
  const circular: Json[] = [];
  circular.push(circular);
  const notOne: Constraint = { op: "not_in", values: [1] };
  for (const value of [circular, new Date(), [undefined]]) {
    assert.ok(!constraintPermits(notOne, value as Json));
  }
});

test("not_in looks narrower than in, and is not", () => {
  assert.ok(!constraintCovers({ op: "in", values: ["a"] }, { op: "not_in", values: ["b"] }));
  assert.ok(!constraintCovers(range(0, 10), { op: "not_in", values: [11] }));
  assert.ok(constraintCovers({ op: "not_in", values: ["a"] }, { op: "not_in", values: ["a", "b"] }));
  assert.ok(!constraintCovers({ op: "not_in", values: ["a", "b"] }, { op: "not_in", values: ["a"] }));
  assert.ok(constraintCovers({ op: "not_in", values: ["a"] }, { op: "in", values: ["b", "c"] }));
  assert.ok(!constraintCovers({ op: "not_in", values: ["a"] }, { op: "in", values: ["a", "c"] }));
});

const one: Record<string, Constraint> = {
  any: { op: "any" },
  eq: { op: "eq", value: 3 },
  in: { op: "in", values: [3, 4] },
  not_in: { op: "not_in", values: [9] },
  range: range(1, 5),
  under: under("/a"),
  subset: { op: "subset", values: [3, 4] },
  prefix_dns: domain("example.com"),
  cidr: network("10.0.0.0/8"),
  max_len: { op: "max_len", length: 5 },
};

/** The table of the profile: for each child, the parents that can cover it here. */
const covering: Record<string, string[]> = {
  any: ["any"],
  eq: ["any", "in", "not_in", "range", "eq"],
  in: ["any", "in", "not_in", "range"],
  not_in: ["any", "not_in"],
  range: ["any", "range"],
  under: ["any", "under"],
  subset: ["any", "subset"],
  prefix_dns: ["any", "prefix_dns"],
  cidr: ["any", "cidr"],
  max_len: ["any", "max_len"],
};

for (const [child, parents] of Object.entries(covering)) {
  test(`${child} is covered by ${parents.join(", ")}, and by nothing else`, () => {
    for (const parent of Object.keys(one)) {
      const [p, c] = [one[parent], one[child]];
      assert.ok(p && c);
      assert.equal(constraintCovers(p, c), parents.includes(parent), parent);
    }
  });
}

test("a list may lose values, never swap one", () => {
  const subset = (...values: Json[]): Constraint => ({ op: "subset", values });
  assert.ok(constraintCovers(subset(1, 2, 3), subset(3, 1)));
  assert.ok(!constraintCovers(subset(1, 2), subset(1, 3)));
  assert.ok(!constraintCovers(subset(1, 2), subset(1, 2, 3)));
  assert.ok(!constraintCovers({ op: "in", values: [1, 2] }, { op: "in", values: [1, 3] }));
});

test("a bound that is loosened, dropped or crossed is not covered", () => {
  assert.ok(!constraintCovers(range(1, 5), range(0, 5)));
  assert.ok(!constraintCovers(range(1, 5), range(1, 6)));
  assert.ok(!constraintCovers(range(1, 5), range(1)));
  assert.ok(!constraintCovers(range(1, 5), range(undefined, 5)));
  assert.ok(constraintCovers(range(1, 5), range(1, 5)));
  assert.ok(constraintCovers(range(undefined, 5), range(1, 4.9999)));
});

test("an argument that must be there cannot be made optional", () => {
  const required: Constraint = { op: "eq", value: 1 };
  const optional: Constraint = { ...required, optional: true };
  assert.ok(!constraintCovers(required, optional));
  assert.ok(!constraintCovers({ op: "any" }, optional));
  assert.ok(constraintCovers(optional, required));
  assert.deepEqual(meetConstraints(optional, required), required);
  assert.deepEqual(meetConstraints(optional, optional), optional);
});

test("constraints with nothing in common do not meet", () => {
  assert.equal(meetConstraints(range(1, 2), range(3, 4)), undefined);
  assert.equal(meetConstraints(under("/a"), under("/ab")), undefined);
  assert.equal(meetConstraints(domain("a.com"), domain("b.com")), undefined);
  assert.equal(meetConstraints(network("10.0.0.0/8"), network("11.0.0.0/8")), undefined);
  assert.equal(meetConstraints({ op: "in", values: [1] }, { op: "in", values: [2] }), undefined);
  assert.equal(meetConstraints({ op: "subset", values: [1] }, { op: "subset", values: [2] }), undefined);
  assert.equal(meetConstraints(range(1, 2), under("/a")), undefined);
  assert.deepEqual(meetConstraints({ op: "in", values: [1, 2, 3] }, { op: "not_in", values: [2] }), {
    op: "in",
    values: [1, 3],
  });
});

const unreadable: Record<string, Json> = {
  nothing: null,
  "a list": [],
  "without an operator": {},
  "with an unknown operator": { op: "regex", value: ".*" },
  "with an operator from a prototype": { op: "toString" },
  "with an unknown member": { op: "eq", value: 1, flags: "i" },
  "with a member of another operator": { op: "eq", value: 1, values: [1] },
  "eq without a value": { op: "eq" },
  "eq of an inexact number": { op: "eq", value: 0.00001 },
  "in of nothing": { op: "in", values: [] },
  "not_in of nothing": { op: "not_in", values: [] },
  "subset of nothing": { op: "subset", values: [] },
  "in of no list": { op: "in", values: "ab" },
  "in with a value twice": { op: "in", values: [1, 1] },
  "in with an inexact number": { op: "in", values: [1, 1.00001] },
  "in with too many values": { op: "in", values: Array.from({ length: 257 }, (_, i) => i) },
  "eq of a very long text": { op: "eq", value: "x".repeat(5000) },
  "range without bounds": { op: "range" },
  "range with crossed bounds": { op: "range", min: 2, max: 1 },
  "range with a bound that is NaN": { op: "range", min: Number.NaN },
  "range with a bound beyond the safe integers": { op: "range", max: 2 ** 53 },
  "range with a bound that is text": { op: "range", max: "5" },
  "range with a bound of five places": { op: "range", max: 0.00001 },
  "range with a bound that is null": { op: "range", min: null, max: 5 },
  "under no path": { op: "under" },
  "under a relative path": { op: "under", path: "a" },
  "under an empty path": { op: "under", path: "" },
  "under a path with dots": { op: "under", path: "/a/../b" },
  "under a path with percent": { op: "under", path: "/a%2e" },
  "prefix_dns of an address": { op: "prefix_dns", name: "10.0.0.1" },
  "prefix_dns in upper case": { op: "prefix_dns", name: "Example.com" },
  "prefix_dns of a wildcard": { op: "prefix_dns", name: "*.example.com" },
  "cidr without a prefix": { op: "cidr", block: "10.0.0.1" },
  "cidr with bits beyond its prefix": { op: "cidr", block: "10.0.0.1/8" },
  "cidr of IPv4 in IPv6": { op: "cidr", block: "::ffff:0:0/96" },
  "max_len below zero": { op: "max_len", length: -1 },
  "max_len of a fraction": { op: "max_len", length: 1.5 },
  "optional that is false": { op: "any", optional: false },
  "optional that is text": { op: "any", optional: "true" },
};
for (const [what, value] of Object.entries(unreadable)) {
  test(`a constraint ${what} is refused`, () => {
    assert.throws(() => parseConstraint(value), { name: "VerificationError", code: "malformed" });
  });
}
