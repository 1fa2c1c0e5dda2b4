import assert from "node:assert/strict";
import type { Report } from "../report.ts";
import type { EnforcementPoint } from "./enforcement-point.ts";

const user = (id: string, properties?: object) => ({ type: "user", id, ...(properties && { properties }) });
const record = (id: string, properties?: object) => ({
  type: "record",
  id,
  ...(properties && { properties }),
});
const does = (name: string, properties?: object) => ({ name, ...(properties && { properties }) });

/** The certification scenario of the Authorization API 1.0, case by case. */
const CASES: readonly (readonly [name: string, request: object, expected: boolean])[] = [
  ["alice reads", { subject: user("alice"), action: does("read"), resource: record("record-1") }, true],
  ["alice writes", { subject: user("alice"), action: does("write"), resource: record("record-1") }, true],
  ["bob reads", { subject: user("bob"), action: does("read"), resource: record("record-1") }, true],
  ["bob writes", { subject: user("bob"), action: does("write"), resource: record("record-1") }, false],
  [
    "alice writes what is archived",
    {
      subject: user("alice"),
      action: does("write"),
      resource: record("record-1", { status: "archived" }),
    },
    false,
  ],
  [
    "an admin writes what is archived",
    {
      subject: user("alice", { role: "admin" }),
      action: does("write"),
      resource: record("record-1", { status: "archived" }),
    },
    true,
  ],
  [
    "alice deletes softly",
    { subject: user("alice"), action: does("delete", { soft: true }), resource: record("record-1") },
    true,
  ],
  [
    "alice deletes for ever",
    { subject: user("alice"), action: does("delete", { soft: false }), resource: record("record-1") },
    false,
  ],
];

type Found = { results: { type?: string; id?: string; name?: string }[] };

const SEARCHES: readonly (readonly [
  name: string,
  kind: string,
  request: object,
  includes: readonly string[],
])[] = [
  [
    "who reads record-1",
    "subject",
    { subject: { type: "user" }, action: does("read"), resource: record("record-1") },
    ["alice", "bob"],
  ],
  [
    "what alice reads",
    "resource",
    { subject: user("alice"), action: does("read"), resource: { type: "record" } },
    ["record-1"],
  ],
  [
    "what alice does to record-1",
    "action",
    { subject: user("alice"), resource: record("record-1") },
    ["read", "write"],
  ],
  [
    "who writes the archived record-2",
    "subject",
    {
      subject: { type: "user" },
      action: does("write"),
      resource: record("record-2", { status: "archived" }),
    },
    ["bob"],
  ],
  [
    "what bob, an admin, writes",
    "resource",
    { subject: user("bob", { role: "admin" }), action: does("write"), resource: { type: "record" } },
    ["record-2"],
  ],
  [
    "what bob does to the archived record-2",
    "action",
    { subject: user("bob"), resource: record("record-2", { status: "archived" }) },
    ["write"],
  ],
];

export async function certify(report: Report, point: EnforcementPoint): Promise<void> {
  for (const [i, [name, request, expected]] of CASES.entries()) {
    await report.case(`certification ${i + 1}: ${name}: ${expected}`, async () => {
      const answer = await point.ask("/access/v1/evaluation", request);
      assert.equal(answer.decision, expected, JSON.stringify(answer));
    });
  }
  for (const [i, [name, kind, request, includes]] of SEARCHES.entries()) {
    await report.case(`certification S${i + 1}: ${name}`, async () => {
      const { results } = await point.ask<Found>(`/access/v1/search/${kind}`, request);
      const found = results.map((result) => result.id ?? result.name);
      for (const wanted of includes) assert(found.includes(wanted), JSON.stringify(results));
      for (const result of results)
        assert.deepEqual(Object.keys(result).sort(), kind === "action" ? ["name"] : ["id", "type"]);
    });
  }
}
