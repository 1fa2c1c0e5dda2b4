import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersonId } from "../lib/index.ts";
import { Fault } from "../lib/index.ts";
import { parseRequirement, requirementText } from "../policy/index.ts";
import type { Person } from "../registry/index.ts";
import { counts, isMet, nobodyCounts } from "./requirement.ts";

const person = (name: string, more: Partial<Person> = {}): Person => ({
  id: `person_${name}` as PersonId,
  name,
  email: `${name}@acme.example`,
  groups: ["finance", "security"],
  limits: {},
  status: "active",
  source: "local",
  epoch: 0,
  created: 0,
  revision: 0,
  ...more,
});

const pat = person("pat", { manager: "person_mia" as PersonId });
const about = { person: pat, owners: new Set(["person_olga", "person_otto"]) };
const EVERY = ["mfa", "manager", "security-review", "approval(2 of finance)"];
const countsFor = (who: Person) => EVERY.filter((requirement) => counts(requirement, who, about));

test("each requirement takes the word of its own people", () => {
  assert.deepEqual(countsFor(pat), ["mfa"]);
  assert.deepEqual(countsFor(person("mia", { groups: [] })), ["manager"]);
  assert.deepEqual(countsFor(person("fay", { groups: ["finance"] })), ["approval(2 of finance)"]);
  assert.deepEqual(countsFor(person("sue", { groups: ["security"] })), ["security-review"]);
  assert.deepEqual(countsFor(person("out", { groups: [] })), []);
});

test("whoever owns one of the agents does not count, whatever her groups", () => {
  for (const owner of ["olga", "otto"]) assert.deepEqual(countsFor(person(owner)), []);
});

test("a manager who owns the agent does not count", () => {
  assert.equal(counts("manager", person("mia"), { ...about, owners: new Set(["person_mia"]) }), false);
  assert.equal(nobodyCounts("manager", { ...about, owners: new Set(["person_mia"]) }), true);
});

test("nobody counts who is suspended or has left", () => {
  for (const status of ["suspended", "left"] as const) {
    assert.equal(counts("mfa", { ...pat, status }, about), false);
    assert.deepEqual(countsFor(person("mia", { status })), []);
  }
});

test("above the person's own limit only somebody counts whose limit covers the sum", () => {
  const spender = person("pat", { manager: "person_mia" as PersonId, limits: { EUR: 5_000 } });
  const moving = (units: bigint, currency = "EUR") => ({
    ...about,
    person: spender,
    sum: { scaled: String(units * 10_000n), currency },
  });
  const mia = (limits: Person["limits"]) => person("mia", { groups: [], limits });
  assert.equal(counts("manager", mia({}), moving(5_000n)), true);
  assert.equal(counts("manager", mia({}), moving(5_001n)), false);
  assert.equal(counts("manager", mia({ EUR: 5_000 }), moving(5_001n)), false);
  assert.equal(counts("manager", mia({ EUR: 6_000 }), moving(5_001n)), true);
  assert.equal(counts("manager", mia({ USD: 6_000 }), moving(5_001n)), false);
  assert.equal(counts("manager", mia({}), moving(5_001n, "USD")), true);
});

test("one person counts once, however often she says yes", () => {
  const yes = (who: string) => ({ requirement: "approval(2 of finance)", person: who });
  assert.equal(isMet("approval(2 of finance)", [yes("a"), yes("a")]), false);
  assert.equal(isMet("approval(2 of finance)", [yes("a"), yes("b")]), true);
  assert.equal(isMet("mfa", [yes("a"), yes("b")]), false);
});

test("requirements are read as they are written, and nothing else is one", () => {
  for (const text of EVERY) assert.equal(requirementText(parseRequirement(text)), text);
  for (const text of [
    "",
    "MFA",
    "approval",
    "approval(0 of x)",
    "approval(21 of x)",
    "approval(1 of )",
    "approval(1 of A)",
    "manager ",
    "approval(-1 of x)",
  ]) {
    assert.throws(() => parseRequirement(text), Fault, text);
  }
});
